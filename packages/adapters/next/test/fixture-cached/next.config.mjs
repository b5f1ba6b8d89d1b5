import { fileURLToPath } from "node:url";

/**
 * Everything that stands in the way of endpoints and route handlers (NX-07, NX-10), and what create-next-app switches on.
 * @type {import("next").NextConfig}
 */
export default {
  cacheComponents: true,
  partialPrefetching: true,
  basePath: "/base",
  trailingSlash: true,
  turbopack: { root: fileURLToPath(new URL("../../../../..", import.meta.url)) },
  // Types are checked with everything else, by tsconfig.json.
  typescript: { ignoreBuildErrors: true },
};
