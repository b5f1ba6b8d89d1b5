import node from "@astrojs/node";
import { defineConfig } from "astro/config";

export default defineConfig({
  output: "server",
  adapter: node({ mode: "middleware" }),
  outDir: "../../dist/astro",
  cacheDir: "../../dist/.astro",
  // Astro refuses forms from other origins before any middleware runs; our clients are other origins.
  security: { checkOrigin: false },
});
