// Rules a formatter cannot see. Each is a pattern, where it holds, and the sentence a reader gets.
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { root } from "./lib/run.mjs";

const inPackages = (file) => /^packages\/.*\/src\//.test(file);
const isTest = (file) => /\.test(-d)?\.ts$/.test(file);
const inRuntime = (file) => file.startsWith("packages/core/src/runtime/");
/** Snippets of the seed page, which stand there as they were written. */
const isSeed = (file) => /\/test\/seed\/(?!.*\.test\.ts$)/.test(file);
/** Cases against a real server, which goes by its own clock: that of the machine is the only one that can be compared. */
const onServers = (file) => file.startsWith("packages/conformance/src/server/");
const ambient = (file) => inPackages(file) && !isTest(file) && !inRuntime(file);

export const rules = [
  {
    name: "ambient-time",
    // new Date(ms) is arithmetic; Date() and new Date() read the clock
    pattern: /\bDate\.now\b|\bDate\(\s*\)|\bnew Date\b(?!\()|\bperformance\.now\b|\bprocess\.hrtime\b/,
    where: (file) => ambient(file) && !onServers(file),
    say: "time comes from the clock that was passed in",
  },
  {
    name: "ambient-randomness",
    pattern: /\bMath\.random\b/,
    where: ambient,
    say: "randomness comes from the source that was passed in",
  },
  {
    name: "todo",
    pattern: /\b(TODO|FIXME|XXX)\b(?![^\n]*#\d+)/,
    where: (file) => !file.startsWith("scripts/house-rules"),
    say: "a TODO names its issue: TODO(#12)",
  },
  {
    name: "type-escape",
    pattern: /\bas any\b|@ts-ignore|@ts-nocheck/,
    where: (file) => file.endsWith("ts") && !isSeed(file),
    say: "say what the type is, or narrow it; a wrong call in a test is @ts-expect-error",
  },
];

const vague = /^(utils?|helpers?|common|misc)\.[cm]?[jt]sx?$/;

/** One line per broken rule. `read` maps a path from the root to the file's text. */
export function findings(files, read) {
  const found = [];
  for (const file of files) {
    if (vague.test(basename(file))) found.push(`${file}: vague-name: name the file for what it exports`);
    const text = read(file);
    const lines = text.split("\n");
    for (const rule of rules.filter(({ where }) => where(file))) {
      lines.forEach((line, index) => {
        if (rule.pattern.test(line)) found.push(`${file}:${index + 1}: ${rule.name}: ${rule.say}`);
      });
    }
  }
  return found;
}

if (process.argv[1] === import.meta.filename) {
  const files = globSync("{packages,examples,benchmarks,scripts,tools}/**/*.{ts,tsx,mts,mjs,js}", {
    cwd: root,
    exclude: (path) => /(^|\/)(node_modules|dist|\.next|\.turbo)(\/|$)/.test(path),
  });
  const found = findings(files, (file) => readFileSync(join(root, file), "utf8"));
  for (const line of found) console.error(line);
  console.log(`${files.length} files, ${found.length} broken rules`);
  process.exit(found.length > 0 ? 1 : 0);
}
