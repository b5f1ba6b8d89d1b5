import { defineConfig } from "vitepress";

export default defineConfig({
  title: "Acme Session",
  description: "Sessions in your own store.",
  cleanUrls: true,
  themeConfig: {
    sidebar: [{ text: "Guide", items: [{ text: "Start here", link: "/" }] }],
    search: { provider: "local" },
  },
});
