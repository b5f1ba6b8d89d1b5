import type { RequestListener } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Site } from "../../../browser-next/src/site.ts";
import type { Framework } from "./framework.ts";

const application = join(import.meta.dirname, "../../../browser-next");

/** What is used of `next`, whose types this package does not have. */
type Next = (options: { dev: boolean; dir: string }) => {
  prepare(): Promise<void>;
  getRequestHandler(): RequestListener;
};

/** What `next build` has made of the application; one process runs it once. */
let started:
  | Promise<{ listener: RequestListener; site: Required<Pick<Site, "createSession">> & Site }>
  | undefined;

async function start() {
  Object.assign(process.env, { NODE_ENV: "production" });
  const next: Next = createRequire(join(application, "package.json"))("next");
  const app = next({ dev: false, dir: application });
  await app.prepare();
  const { browserSite } = globalThis as { browserSite?: Site };
  const { createSession } = browserSite ?? {};
  if (browserSite === undefined || createSession === undefined)
    throw new Error("instrumentation.ts did not run");
  return { listener: app.getRequestHandler(), site: Object.assign(browserSite, { createSession }) };
}

export const nextFramework: Framework = {
  name: "Next.js",
  async mount(options, routesOf) {
    started ??= start();
    const { listener, site } = await started;
    const session = site.createSession(options);
    site.mounted = { session, routes: routesOf(session) };
    return { session, listener };
  },
};
