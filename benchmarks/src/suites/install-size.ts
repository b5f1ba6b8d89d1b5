import { execFile } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { summarise } from "../measure.ts";
import { versionOf } from "../report/machine.ts";
import { row } from "../row.ts";
import type { Suite } from "./suite.ts";

const run = promisify(execFile);
const repository = join(import.meta.dirname, "../../..");
const OURS = "@acme/session-core + @acme/session-express";
const PEERS = [
  "supertokens-node",
  "better-auth",
  "iron-session",
  "express-session",
  "@fastify/session",
  "@fastify/jwt",
  "fast-jwt",
  "jose",
];

/** What `npm install --omit=dev` of a package puts into an empty project, its own peers left out. */
export const installSizeSuite: Suite = {
  name: "install-size",
  title: "Installed, with everything a package brings: bytes on disk, and packages",
  packages: PEERS,
  needs: "the registry",
  async run() {
    const work = mkdtempSync(join(tmpdir(), "install-size-"));
    try {
      const ours = [await pack("core", work), await pack("adapters/express", work)];
      const installed = [await install(OURS, ours, work)];
      for (const peer of PEERS) installed.push(await install(peer, [`${peer}@${versionOf(peer)}`], work));
      const bytes = installed.map(({ name, sizeBytes }) => summarise(name, [sizeBytes]));
      const packages = installed.map(({ name, count }) => summarise(name, [count]));
      return [
        ...bytes.map((one) => row("install-size", one, bytes[0] ?? one, "bytes")),
        ...packages.map((one) => row("packages installed", one, packages[0] ?? one, "packages")),
      ];
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};

/** @returns the tarball that npm would publish */
async function pack(folder: string, work: string): Promise<string> {
  const target = mkdtempSync(join(work, "pack-"));
  const pnpm = [join(repository, "scripts/pnpm.mjs"), "-C", join(repository, "packages", folder)];
  await run("node", [...pnpm, "pack", "--pack-destination", target]);
  const [name] = readdirSync(target);
  if (name === undefined) throw new Error(`packages/${folder} was not packed`);
  return join(target, name);
}

async function install(name: string, specifiers: readonly string[], work: string) {
  const project = mkdtempSync(join(work, "project-"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true }));
  // The framework under an adapter, a database's driver: who installs these has them anyway.
  const options = [
    "--omit=dev",
    "--omit=peer",
    "--omit=optional",
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
  ];
  await run("npm", ["install", "--prefer-offline", ...options, ...specifiers], { cwd: project });
  const lock = JSON.parse(readFileSync(join(project, "node_modules/.package-lock.json"), "utf8"));
  return {
    name,
    sizeBytes: bytesIn(join(project, "node_modules")),
    count: Object.keys(lock.packages).length,
  };
}

function bytesIn(path: string): number {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
}
