import { fileURLToPath } from "node:url";

/** Everything that stands in the way of endpoints and route handlers (NX-07, NX-10). @type {import("next").NextConfig} */
export default {
  cacheComponents: true,
  basePath: "/base",
  trailingSlash: true,
  turbopack: { root: fileURLToPath(new URL("../../../../..", import.meta.url)) },
  // Types are checked with everything else, by tsconfig.json.
  typescript: { ignoreBuildErrors: true },
};
