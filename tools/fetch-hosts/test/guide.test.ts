import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { it } from "vitest";

const home = join(import.meta.dirname, "..");
const guide = readFileSync(join(home, "../../docs/frameworks/fetch.md"), "utf8");
/** Where each framework's blocks import the instance from. */
const INSTANCE = {
  sveltekit: "src/lib/server/session.ts",
  astro: "src/session.ts",
  "react-router": "app/session.ts",
  h3: "session.ts",
  elysia: "session.ts",
};

it("what the guide shows of each framework compiles", () => {
  const blocks = [...guide.matchAll(/^```ts\n\/\/ (\S+)\n(.*?)^```/gms)].map(([, path = "", text = ""]) => ({
    path,
    text,
  }));
  const instance = blocks.find(({ path }) => path === "session.ts")?.text ?? "";
  const directory = join(home, "dist/guide");
  rmSync(directory, { recursive: true, force: true });
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  };
  for (const [folder, path] of Object.entries(INSTANCE)) {
    const own = blocks.filter((block) => block.path.startsWith(`${folder}/`));
    assert.notEqual(own.length, 0, folder);
    for (const block of own) write(block.path, block.text);
    write(`${folder}/${path}`, instance);
  }
  write(
    "tsconfig.json",
    JSON.stringify({
      extends: "../../../../tsconfig.base.json",
      compilerOptions: { noEmit: true, types: ["node"], lib: ["es2023", "dom", "dom.iterable"] },
      include: ["."],
    }),
  );
  const tsc = spawnSync(join(home, "node_modules/.bin/tsc"), ["-p", directory], { encoding: "utf8" });
  assert.deepEqual([tsc.status, tsc.stdout], [0, ""]);
});
