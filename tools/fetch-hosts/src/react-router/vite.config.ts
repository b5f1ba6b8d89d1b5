import { reactRouter } from "@react-router/dev/vite";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [reactRouter()],
  // It stands outside of the application's folder, where Vite asks first.
  build: { emptyOutDir: true },
  logLevel: "warn",
});
