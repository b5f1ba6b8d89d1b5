// Running commands with the pinned tools: pnpm as package.json pins it, and Node 24 first on PATH once it is installed.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");

/** Where the person typed the command; npm changes the directory, so relative paths they gave start here. */
export const callerDirectory = process.env.INIT_CWD ?? process.cwd();

const pinnedPnpm = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
const nodeDirectory = join(root, "node_modules/node/bin");
const binDirectory = join(root, "node_modules/.bin");

function toolEnvironment(extra = {}) {
  const path = [nodeDirectory, binDirectory, process.env.PATH].join(delimiter);
  return {
    ...process.env,
    PATH: path,
    DO_NOT_TRACK: "1",
    TURBO_TELEMETRY_DISABLED: "1",
    NEXT_TELEMETRY_DISABLED: "1",
    npm_config_update_notifier: "false",
    ...extra,
  };
}

/** Runs a command to its end, output shown. Resolves to the exit code; a signal that stops us stops it too. */
export function run(command, args, { cwd = root, env = {}, quiet = false } = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd,
      env: toolEnvironment(env),
      stdio: ["inherit", quiet ? "ignore" : "inherit", "inherit"],
    });
    const forward = (signal) => child.kill(signal);
    process.on("SIGINT", forward).on("SIGTERM", forward);
    const finish = (code) => {
      process.off("SIGINT", forward).off("SIGTERM", forward);
      done(code);
    };
    child.on("error", (error) => {
      console.error(`${command}: ${error.message}`);
      finish(127);
    });
    child.on("exit", (code, signal) => finish(code ?? (signal ? 130 : 1)));
  });
}

// These rewrite node_modules, and with it the pnpm in there.
const rewriting = new Set([
  "install",
  "i",
  "add",
  "remove",
  "rm",
  "update",
  "up",
  "dedupe",
  "import",
  "prune",
]);

/** pnpm does not resolve itself on a bare machine: npx brings the pinned version until it is installed here. */
export function pnpm(args, options) {
  const installed = join(root, "node_modules/pnpm/bin/pnpm.cjs");
  return existsSync(installed) && !rewriting.has(args[0])
    ? run(process.execPath, [installed, ...args], options)
    : run("npx", ["--yes", pinnedPnpm, ...args], options);
}

export function install(args = []) {
  return pnpm(["install", "--prefer-offline", "--reporter=append-only", "--loglevel=warn", ...args]);
}

export const turbo = (args, options) => run("turbo", ["run", ...args, "--output-logs=errors-only"], options);

/** Stops the script with the code of the first step that fails. */
export async function orExit(step) {
  const code = await step;
  if (code !== 0) process.exit(code);
}
