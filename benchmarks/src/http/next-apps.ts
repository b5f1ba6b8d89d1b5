import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { type HttpApp, portOf } from "./app.ts";
import { signedToken, tokenHeaders } from "./tokens.ts";

const UNGUARDED = "Next, unguarded";
const directory = join(import.meta.dirname, "../../next-app");
const require = createRequire(import.meta.url);

/** Two route handlers. What was built before may hold an older release of ours. */
function build(): void {
  execFileSync(process.execPath, [require.resolve("next/dist/bin/next"), "build"], {
    cwd: directory,
    env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function start(
  route: "unguarded" | "ours",
): Promise<{ port: number; headers: Record<string, string> }> {
  const { store, signed } = await signedToken();
  Object.assign(globalThis, { benchStore: store });
  const next = require("next") as typeof import("next").default;
  const app = next({ dir: directory, dev: false });
  await app.prepare();
  const handle = app.getRequestHandler();
  const server = createServer((req, res) => {
    req.url = `/${route}`;
    void handle(req, res);
  });
  return { port: await portOf(server), headers: tokenHeaders(signed) };
}

export const nextApps: HttpApp[] = [
  { name: UNGUARDED, unguarded: UNGUARDED, build, start: () => start("unguarded") },
  { name: "Next, ours", unguarded: UNGUARDED, build, start: () => start("ours") },
];
