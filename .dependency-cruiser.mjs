// The arrows of this house: who may import whom. `node scripts/arrows.mjs` walks the sources and compares.
// If a rule is in the way, the rule may be wrong: change it in the same commit as the code, with the reason in its comment.

const ground = ["runtime", "errors", "http", "store", "platform", "keys", "tokens"];
const journey = ["extract", "verify", "claims", "session", "respond", "config", "flows"];

/** Every room of core and what it may import besides itself. A room that is not listed may not exist. */
export const rooms = {
  // The ground floor knows nothing of the journey.
  runtime: [],
  errors: [],
  http: ["errors", "runtime"],
  store: ["errors", "runtime"],
  platform: ["runtime"],
  keys: ["store", "errors", "runtime", "platform"],
  tokens: ["errors", "runtime", "platform", "keys"],
  // The journey runs one way: a stage may import the ground floor and the stages before it.
  ...Object.fromEntries(journey.map((room, index) => [room, [...ground, ...journey.slice(0, index)]])),
  // Side rooms stand behind entries of their own; nothing imports them.
  adapter: [...ground, ...journey],
  sqlite: ["store", "errors", "runtime"],
  "user-roles": ["claims", "session", "store", "errors", "runtime"],
};

const core = "^packages/core/src";
const sources = "^packages/(core|conformance|testing|cli|adapters/[^/]+|stores/[^/]+)/src/";
const doors = "^packages/core/dist/((adapter|store|sqlite|user-roles|claims|verify)/)?index[.](js|d[.]ts)$";
const either = (names) => `(${names.join("|")})`;
const npm = (...names) => `(^|/)node_modules/${either(names)}/`;
const rule = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });

const forbidden = [
  ...Object.entries(rooms).map(([room, mayImport]) =>
    rule(
      `core-${room}`,
      mayImport.length === 0
        ? `${room} imports no other room.`
        : `${room} may import ${mayImport.join(", ")}.`,
      { path: `${core}/${room}/` },
      // The wiring stands above all rooms; only the door for adapters may pass it on.
      {
        path: core,
        pathNot: `${core}/${either([room, ...mayImport])}/${room === "adapter" ? `|${core}/[^/]+$` : ""}`,
      },
    ),
  ),
  rule(
    "core-wiring",
    "Files above the rooms wire the journey; side rooms have their own entries.",
    { path: `${core}/[^/]+$` },
    { path: core, pathNot: `${core}/(${either([...ground, ...journey])}/|[^/]+[.]ts$)` },
  ),
  rule(
    "core-node",
    "Core runs on every runtime: Node builtins stay in platform/node.ts and sqlite.",
    { path: core, pathNot: `${core}/(platform/node[.]ts$|sqlite/)` },
    { dependencyTypes: ["core"] },
  ),
  rule(
    "core-npm",
    "Core depends on one package, measured in bytes.",
    { path: core, pathNot: `${core}/sqlite/` },
    { path: npm(".*"), pathNot: npm("tldts") },
  ),
  rule(
    "core-sqlite-npm",
    "sqlite needs better-sqlite3 where the runtime has no SQLite, and nothing else.",
    { path: `${core}/sqlite/` },
    { path: npm(".*"), pathNot: npm("better-sqlite3", "@types/better-sqlite3") },
  ),
  rule(
    "core-alone",
    "Core knows no other package of ours.",
    { path: core },
    { path: "^(packages|examples|benchmarks|tools)/", pathNot: "^packages/core/" },
  ),
  rule(
    "adapters",
    "An adapter imports core's doors and its framework; what two adapters need belongs in core.",
    { path: "^packages/adapters/([^/]+)/src/" },
    { path: "^packages/", pathNot: `^packages/adapters/$1/|${doors}` },
  ),
  rule(
    "stores",
    'A store imports "@acme/session-core/store" and its driver.',
    { path: "^packages/stores/([^/]+)/src/" },
    { path: "^packages/", pathNot: "^packages/stores/$1/|^packages/core/dist/store/index[.]" },
  ),
  rule(
    "conformance",
    "The suites see what a third party sees: core's doors.",
    { path: "^packages/conformance/src/" },
    { path: "^packages/", pathNot: `^packages/conformance/|${doors}` },
  ),
  rule(
    "by-name",
    "Applications import packages by npm name, as users do.",
    { path: "^(examples|benchmarks|tools)/" },
    { path: "^packages/", dependencyTypes: ["local"] },
  ),
  rule(
    "declared",
    "What the published code imports stands in dependencies or peerDependencies.",
    { path: sources },
    {
      dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
      dependencyTypesNot: ["npm", "npm-peer", "npm-optional"],
    },
  ),
  rule(
    "cycle",
    "Two files that need each other are one file, or three. Types count.",
    {},
    { circular: true },
  ),
  rule("unresolved", "Every import leads somewhere.", {}, { couldNotResolve: true, pathNot: "^bun:" }),
];

export default {
  forbidden,
  options: {
    // dependency-cruiser cannot read TypeScript 7; @swc/core parses for it. Without it, it reads no file and says nothing.
    parser: "swc",
    tsPreCompilationDeps: true,
    // Only what npm packages import is left out. /dist/ stays in: that is where packages live.
    doNotFollow: { path: ["node_modules", "^packages/.*/dist/"] },
    exclude: { path: "[.]test(-d)?[.]ts$" },
  },
};
