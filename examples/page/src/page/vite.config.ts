import { join } from "node:path";
import { defineConfig } from "vite";

const here = import.meta.dirname;

export default defineConfig({
  build: {
    outDir: join(here, "../../dist"),
    emptyOutDir: true,
    rolldownOptions: { input: { index: join(here, "index.html"), tab: join(here, "tab.html") } },
  },
});
