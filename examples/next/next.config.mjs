import { fileURLToPath } from "node:url";

/** @type {import("next").NextConfig} */
export default {
  // The page of the examples stands in `public`.
  rewrites: async () => [{ source: "/", destination: "/index.html" }],
  poweredByHeader: false,
  // Of this repository alone: its packages lie around this folder, not in node_modules, and types are checked with theirs.
  turbopack: { root: fileURLToPath(new URL("../..", import.meta.url)) },
  typescript: { ignoreBuildErrors: true },
};
