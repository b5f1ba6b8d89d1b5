import { type RouteConfig, route } from "@react-router/dev/routes";

export default [route("*", "everything.ts")] satisfies RouteConfig;
