import { createSession, type FetchSession, MemoryStore } from "../../src/index.js";

/** Where a store that does I/O is shown; what its operations ask stands below `/upstream`. */
export const IO = "/io";
export const IO_UPSTREAM = "/upstream";

let session: FetchSession | undefined;
let upstreamUrl = "";
let arrivals = 0;
let held: Promise<void> | undefined;
let release: () => void = () => {};

/** A store as there are many on Workers: each operation is a request to somewhere else. */
function storeBehindTheUpstream(): MemoryStore {
  return new Proxy(new MemoryStore(), {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        await (await fetch(upstreamUrl)).text();
        return Reflect.apply(value, target, args);
      };
    },
  });
}

/** The store's other end, and what a test moves: a new instance, holding its operations up, how many wait. */
export async function upstream(request: Request): Promise<Response> {
  const { origin, pathname } = new URL(request.url);
  switch (pathname.slice(IO_UPSTREAM.length)) {
    case "/operation":
      arrivals += 1;
      await held;
      return new Response("done");
    case "/new":
      upstreamUrl = `${origin}${IO_UPSTREAM}/operation`;
      arrivals = 0;
      session = createSession({
        appInfo: { appName: "io", apiDomain: "http://127.0.0.1", websiteDomain: "http://127.0.0.1" },
        store: storeBehindTheUpstream(),
        logger: { debug() {}, info() {}, warn() {} },
      });
      return new Response("new");
    case "/hold":
      held = new Promise((resolve) => {
        release = resolve;
      });
      return new Response("held");
    case "/release":
      release();
      held = undefined;
      return new Response("released");
    case "/arrivals":
      return Response.json(arrivals);
    default:
      return new Response("no such task", { status: 404 });
  }
}

export async function ioStore(request: Request): Promise<Response> {
  const current = session;
  if (current === undefined) return new Response("nothing was started", { status: 503 });
  return current.fetch(async () => {
    await current.createNewSession(request, undefined, "user-1");
    return Response.json({});
  })(request);
}
