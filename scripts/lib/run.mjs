// Running commands with the pinned tools: pnpm as package.json pins it, and Node 24 first on PATH once it is installed.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../..");

/** Where the person typed the command; npm changes the directory, so relative paths they gave start here. */
export const callerDirectory = process.env.INIT_CWD ?? process.cwd();

const pinnedPnpm = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
const nodeDirectory = join(root, "node_modules/node/bin");
const binDirectory = join(root, "node_modules/.bin");

function toolEnvironment(extra = {}) {
  const path = [nodeDirectory, binDirectory, process.env.PATH].join(delimiter);
  // Set by `npm --prefix`; npx waits for ever under it.
  const { npm_config_prefix: _, ...environment } = process.env;
  return {
    ...environment,
    PATH: path,
    DO_NOT_TRACK: "1",
    TURBO_TELEMETRY_DISABLED: "1",
    NEXT_TELEMETRY_DISABLED: "1",
    npm_config_update_notifier: "false",
    ...extra,
  };
}

/** npm does not pass every signal on, so we watch the npm that started us and stop when it is gone. Only Linux tells. */
function findNpm() {
  for (let pid = process.ppid; pid > 1; ) {
    let stat;
    try {
      stat = /[(](.*)[)] . (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "latin1"));
    } catch {
      return undefined;
    }
    if (stat?.[1].startsWith("npm")) return pid;
    pid = Number(stat?.[2]);
  }
  return undefined;
}

const npm = findNpm();

function isGone(pid) {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
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
    const orphaned = npm && setInterval(() => isGone(npm) && child.kill(), 500).unref();
    const finish = (code) => {
      clearInterval(orphaned);
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

/** pnpm does not resolve itself on a bare machine, so npx brings the pinned version, and puts it on PATH for what it runs. */
export const pnpm = (args, options) => run("npx", ["--yes", pinnedPnpm, ...args], options);

export function install(args = []) {
  return pnpm(["install", "--prefer-offline", "--reporter=append-only", "--loglevel=warn", ...args]);
}

/** turbo calls pnpm for each package, so it runs inside it. */
export const turbo = (args) => pnpm(["exec", "turbo", "run", ...args, "--output-logs=errors-only"]);

/** Stops the script with the code of the first step that fails. */
export async function orExit(step) {
  const code = await step;
  if (code !== 0) process.exit(code);
}
