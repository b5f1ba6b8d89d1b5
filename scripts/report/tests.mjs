// What ran: one JSON line per test in .reports/tests/<project>.jsonl, whichever runner ran it.
// A line is { name, state, file }: the full name with its groups, "passed" | "failed" | "skipped", the path from the root.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../lib/run.mjs";

const directory = join(root, ".reports/tests");
const fileOf = (project) => join(directory, `${project}.jsonl`);

export const fromRoot = (path) => relative(root, path).replaceAll("\\", "/");

const projects = () =>
  existsSync(directory) ? readdirSync(directory).map((file) => file.replace(/\.jsonl$/, "")) : [];

function readProject(project) {
  if (!existsSync(fileOf(project))) return [];
  const lines = readFileSync(fileOf(project), "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line)).filter((test) => existsSync(join(root, test.file)));
}

/** Replaces what these files reported before, keeps what other files of the project reported. */
export function writeTests(project, tests) {
  const files = new Set(tests.map((test) => test.file));
  const all = [...readProject(project).filter((test) => !files.has(test.file)), ...tests];
  mkdirSync(directory, { recursive: true });
  writeFileSync(fileOf(project), all.map((test) => `${JSON.stringify(test)}\n`).join(""));
}

export const readTests = () => projects().flatMap(readProject);

/** The tests of the projects that were recorded at or after this time. */
export const testsSince = (ms) =>
  projects()
    .filter((project) => statSync(fileOf(project)).mtimeMs >= ms)
    .flatMap(readProject);
