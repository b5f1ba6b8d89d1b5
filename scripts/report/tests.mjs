// What ran: one JSON line per test in .reports/tests/<project>.jsonl, whichever runner ran it.
// A line is { name, state, file }: the full name with its groups, "passed" | "failed" | "skipped", the path from the root.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
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

/**
 * A run may want to know what it ran itself, whoever else writes records at the same time:
 * with REPORT_STATES set to a file, the state of each test is appended to it.
 */
export function statesIn(file) {
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : [];
}

/** Replaces what these files reported before, keeps what other files of the project reported. */
export function writeTests(project, tests) {
  const files = new Set(tests.map((test) => test.file));
  const all = [...readProject(project).filter((test) => !files.has(test.file)), ...tests];
  const states = process.env.REPORT_STATES;
  if (states) appendFileSync(states, tests.map(({ state }) => `${state}\n`).join(""));
  mkdirSync(directory, { recursive: true });
  writeFileSync(fileOf(project), all.map((test) => `${JSON.stringify(test)}\n`).join(""));
}

export const readTests = () => projects().flatMap(readProject);
