import { type RouteConfig, route } from "@react-router/dev/routes";

export default [route("page", "page.tsx"), route("*", "everything.ts")] satisfies RouteConfig;
