// An application outside of the workspace that installs what npm would receive, and runs it on the Node versions we support.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pnpm, root } from "../lib/run.mjs";

/** Versions as the workspace pins them, so that an update of the catalog reaches these tests too. */
const catalog = readFileSync(join(root, "pnpm-workspace.yaml"), "utf8");
export function pinned(name) {
  const line = new RegExp(`^  "?${name}"?: (.*)$`, "m").exec(catalog);
  if (line === null) throw new Error(`${name} is not in the catalog`);
  return line[1].trim();
}

export const nodes = readdirSync(join(root, "tools/runtimes/node_modules"))
  .filter((name) => name.startsWith("node-"))
  .map((name) => ({ name, path: join(root, "tools/runtimes/node_modules", name, "bin/node") }));

const workspaces = [];

function temporaryDirectory() {
  const directory = mkdtempSync(join(tmpdir(), "packed-"));
  workspaces.push(directory);
  return directory;
}

export function removeTemporaryDirectories() {
  for (const directory of workspaces.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** Tarballs of packages by npm name, as `npm install` takes them. */
export async function pack(folders) {
  const tarballs = {};
  for (const folder of folders) {
    const target = temporaryDirectory();
    const code = await pnpm(["pack", "--pack-destination", target], { cwd: join(root, folder), quiet: true });
    if (code !== 0) throw new Error(`pnpm pack failed in ${folder}`);
    const { name } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
    tarballs[name] = `file:${join(target, readdirSync(target)[0])}`;
  }
  return tarballs;
}

/** @returns the directory, with the dependencies installed by npm */
export async function makeProject(dependencies, manifest = {}) {
  const directory = temporaryDirectory();
  write(directory, {
    "package.json": JSON.stringify({ private: true, type: "module", ...manifest, dependencies }),
  });
  const installed = await execute("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund"], {
    cwd: directory,
  });
  if (installed.code !== 0) throw new Error(`npm install: ${installed.output}`);
  return directory;
}

/** @param files text by path */
export function write(directory, files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
}

/**
 * Runs a command to its end. One that does not end by itself is killed and has no code.
 *
 * @returns {Promise<{ code: number | null, output: string }>} output: stdout and stderr as they came
 */
export function execute(command, args, { cwd, env = {}, limitMs = 120_000 }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      // A node:test inside of node:test would report to the outer one, and print nothing.
      env: { ...process.env, NODE_OPTIONS: "", NODE_ENV: "", NODE_TEST_CONTEXT: undefined, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: limitMs,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

/** The first block of a language in a Markdown file. */
export function firstBlock(path, language) {
  const block = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, "ms").exec(
    readFileSync(join(root, path), "utf8"),
  );
  if (block === null) throw new Error(`${path} has no block of ${language}`);
  return block[1];
}

/** Blocks of TypeScript in a guide, by the file that their first line names: together they are an application. */
export function filesOf(guide) {
  const text = readFileSync(join(root, guide), "utf8");
  const blocks = [...text.matchAll(/^```tsx?\n\/\/ (\S+\.tsx?)\n(.*?)^```/gms)];
  assert.equal(blocks.length, text.match(/^```tsx?$/gm).length, "every block names its file");
  return Object.fromEntries(blocks.map(([, name, block]) => [name, block]));
}
