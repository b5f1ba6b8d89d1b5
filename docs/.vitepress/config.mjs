import { existsSync, readdirSync, readFileSync } from "node:fs";
import { defineConfig } from "vitepress";

const docs = new URL("..", import.meta.url);

/** A page's link, under its first heading. Pages that do not exist are left out. */
function page(path) {
  const file = new URL(`${path}.md`, docs);
  if (!existsSync(file)) return [];
  const title = /^# (.+)$/m.exec(readFileSync(file, "utf8"))?.[1] ?? path;
  return [{ text: title, link: `/${path}` }];
}

function folder(name) {
  const url = new URL(`${name}/`, docs);
  if (!existsSync(url)) return [];
  const pages = readdirSync(url).filter((file) => file.endsWith(".md"));
  return pages.sort().flatMap((file) => page(`${name}/${file.slice(0, -3)}`));
}

export default defineConfig({
  title: "Acme Session",
  description: "Sessions in your own store.",
  cleanUrls: true,
  // Pages also link to files of the repository.
  ignoreDeadLinks: true,
  themeConfig: {
    sidebar: [
      {
        text: "Guide",
        items: [
          { text: "Start here", link: "/" },
          ...["claims", "stores", "running", "verifying-elsewhere", "performance", "migrating"].flatMap(page),
        ],
      },
      { text: "Frameworks", items: folder("frameworks") },
      { text: "Reference", items: ["journey", "errors"].flatMap(page) },
      { text: "Extending", items: ["writing-an-adapter", "writing-a-store"].flatMap(page) },
    ],
    search: { provider: "local" },
  },
});
