import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [
    sveltekit({
      adapter: adapter({ out: "../../dist/sveltekit", precompress: false }),
      outDir: "../../dist/.svelte-kit",
      // SvelteKit refuses forms, and bodies of no type, from other origins before any hook runs; our clients are other origins.
      csrf: { trustedOrigins: ["*"] },
    }),
  ],
});
