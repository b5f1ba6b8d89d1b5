import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";

const BIN = createRequire(import.meta.url).resolve("next/dist/bin/next");

/** An application as it is deployed: `next build`, then `next start` in a process of its own. */
export class NextServer {
  private constructor(
    readonly origin: string,
    readonly process: ChildProcess,
    /** What `next build` printed. */
    readonly buildOutput: string,
  ) {}

  /**
   * @param name folder of the application, beside this one
   * @throws Error with what Next printed
   */
  static async start(name: string): Promise<NextServer> {
    const cwd = fileURLToPath(new URL(`../${name}`, import.meta.url));
    const build = next(cwd, ["build"], {});
    const [code] = (await once(build.child, "close")) as [number | null];
    if (code !== 0) throw new Error(`next build failed:\n${build.output()}`);
    const port = await freePort();
    const origin = `http://127.0.0.1:${port}`;
    const started = next(cwd, ["start", "-H", "127.0.0.1", "-p", String(port)], { FIXTURE_ORIGIN: origin });
    await new Promise<void>((resolve, reject) => {
      started.child.stdout?.on("data", () => {
        if (started.output().includes("Ready")) resolve();
      });
      started.child.once("close", () => reject(new Error(`next start failed:\n${started.output()}`)));
    });
    process.once("exit", () => started.child.kill());
    return new NextServer(origin, started.child, build.output());
  }

  async close(): Promise<void> {
    if (this.process.exitCode !== null) return;
    this.process.kill("SIGTERM");
    await once(this.process, "close");
  }
}

function next(cwd: string, args: readonly string[], extra: Record<string, string>) {
  let printed = "";
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd,
    env: { PATH: process.env.PATH, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1", ...extra },
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
