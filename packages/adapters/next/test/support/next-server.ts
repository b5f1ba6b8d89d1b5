import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

export interface NextApp {
  readonly directory: string;
  /** Its `next`. */
  readonly bin: string;
}

type Mode = "production" | "development";

/** The Node.js that runs Next, where it is not to be the one that runs the tests. */
const NODE = process.env.NEXT_TEST_NODE ?? process.execPath;

/** @param name of a folder in `test` */
export function appIn(name: string): NextApp {
  return {
    directory: fileURLToPath(new URL(`../${name}`, import.meta.url)),
    bin: createRequire(import.meta.url).resolve("next/dist/bin/next"),
  };
}

/** An application of Next in a process of its own. */
export class NextServer {
  private constructor(
    readonly origin: string,
    readonly process: ChildProcess,
    /** What `next build` printed; nothing for one that is being developed. */
    readonly buildOutput: string,
    /** What the server has printed so far. */
    readonly output: () => string,
  ) {}

  /**
   * As it is deployed: `next build`, then `next start`.
   *
   * @throws Error with what Next printed
   */
  static async start(app: NextApp): Promise<NextServer> {
    const build = next(app, ["build"], "production", {});
    const [code] = (await once(build.child, "close")) as [number | null];
    if (code !== 0) throw new Error(`next build failed:\n${build.output()}`);
    return NextServer.#listening(app, "start", "production", build.output());
  }

  /**
   * As it is developed: `next dev`.
   *
   * @throws Error with what Next printed
   */
  static develop(app: NextApp): Promise<NextServer> {
    return NextServer.#listening(app, "dev", "development", "");
  }

  static async #listening(app: NextApp, command: string, mode: Mode, built: string): Promise<NextServer> {
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const place = ["-H", "127.0.0.1", "-p", String(port)];
    const { child, output } = next(app, [command, ...place], mode, { FIXTURE_ORIGIN: origin });
    await new Promise<void>((resolve, reject) => {
      child.stdout?.on("data", () => {
        if (output().includes("Ready")) resolve();
      });
      child.once("close", () => reject(new Error(`next ${command} failed:\n${output()}`)));
    });
    process.once("exit", () => child.kill());
    return new NextServer(origin, child, built, output);
  }

  async close(): Promise<void> {
    if (this.process.exitCode !== null) return;
    this.process.kill("SIGTERM");
    await once(this.process, "close");
  }
}

function next(
  { directory, bin }: NextApp,
  args: readonly string[],
  mode: Mode,
  extra: Record<string, string>,
) {
  let printed = "";
  const child = spawn(NODE, [bin, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, NODE_ENV: mode, NEXT_TELEMETRY_DISABLED: "1", ...extra },
    stdio: ["ignore", "pipe", "pipe"],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  return { child, output: () => printed };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
