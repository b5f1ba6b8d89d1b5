// What `npm test` runs, in this order: a name and a command each.
//   stop    nothing after it makes sense when it fails
//   runner  it runs tests and records them (report/tests.mjs); every other step is a check and counts as one
//   after   it reads what the runners recorded
const nodeTests = (...files) => [
  "node",
  "--test",
  "--test-reporter",
  "./scripts/report/node-test.mjs",
  ...files,
];
const turbo = (task) => [
  "pnpm",
  "exec",
  "turbo",
  "run",
  task,
  "--output-logs=errors-only",
  "--continue=dependencies-successful",
];

export const steps = [
  { name: "install", command: ["pnpm", "install", "--prefer-offline", "--loglevel=warn"], stop: true },
  { name: "build", command: turbo("build") },
  { name: "lint", command: ["biome", "ci", "--colors=off", "--error-on-warnings", "."] },
  { name: "types", command: turbo("typecheck") },
  { name: "house-rules", command: ["node", "scripts/house-rules.mjs"] },
  { name: "arrows", command: ["node", "scripts/arrows.mjs"] },
  { name: "unused", command: ["knip"] },
  { name: "packages", command: ["node", "scripts/check-packages.mjs"] },
  {
    name: "scripts",
    command: nodeTests("scripts/**/*.test.mjs"),
    env: { REPORT_PROJECT: "scripts" },
    runner: true,
  },
  { name: "tests", command: ["vitest", "run"], runner: true },
  { name: "rows", command: ["node", "scripts/rows.mjs", "--brief"], after: true },
  { name: "adapters", command: ["node", "scripts/adapters.mjs"], after: true },
];
