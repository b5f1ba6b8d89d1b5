import { createSession, MemoryStore, SessionError } from "../../src/index.js";

/** Where these routes stand, so that a host can serve them beside others. */
export const OUTCOMES = "/outcome";

// At the top of the module, where Workers allow neither I/O nor random numbers nor timers.
const Session = createSession({
  appInfo: {
    appName: "outcomes",
    apiDomain: "http://127.0.0.1",
    websiteDomain: "http://127.0.0.1",
    apiBasePath: `${OUTCOMES}/auth`,
  },
  store: new MemoryStore(),
  logger: { debug() {}, info() {}, warn() {} },
});

type Handle = (request: Request) => Response | Promise<Response>;

let releaseStream: () => void = () => {};

/** Every way in which a fetch handler ends, after it has made a session. */
const ends: Partial<Record<string, Handle>> = {
  "/json": () => Response.json({ ok: true }),
  "/text": () => new Response("text"),
  "/raw": () => new Response(new TextEncoder().encode("raw"), { status: 201, headers: { "x-raw": "1" } }),
  "/own-cookies": () =>
    new Response("own", {
      headers: [
        ["set-cookie", "app-one=1"],
        ["set-cookie", "app-two=2"],
      ],
    }),
  "/redirect": (request) => Response.redirect(new URL(`${OUTCOMES}/elsewhere`, request.url).href, 303),
  "/fetched": (request) => fetch(new URL(`${OUTCOMES}/upstream`, request.url)),
  "/stream": () => new Response(twoPieces(), { headers: { "content-type": "text/plain" } }),
  "/empty": () => new Response(null, { status: 204 }),
  "/thrown": () => {
    throw new SessionError({ type: "INVALID_CLAIMS", message: "not yet", payload: [{ id: "age" }] });
  },
  "/failed": () => new Response("failed", { status: 500 }),
  "/missing": () => new Response("nothing here", { status: 404 }),
};

/** What needs a session that is there already. */
const others: Partial<Record<string, Handle>> = {
  "/upstream": () => new Response("fetched", { headers: { "x-upstream": "1" } }),
  "/release": () => {
    releaseStream();
    return new Response("released");
  },
  "/whoami": (request) =>
    Session.withSession(request, (session) => Response.json({ userId: session.getUserId() })),
  "/body": async (request) => {
    await Session.getSession(request, undefined);
    return Response.json({ bodyUsed: request.bodyUsed, body: await request.text() });
  },
  "/socket": (request) =>
    Session.withSession(request, (session) => {
      if (upgrade === undefined) return new Response("this host upgrades nothing", { status: 426 });
      made = upgrade(request, session.getUserId());
      return made as Response;
    }),
  /** Whether what answered the last upgrade left as the object that the runtime had made. */
  "/socket-identity": () => Response.json({ isSame: sent === made }),
};

/** Makes what a handler returns for a WebSocket's request, which on Bun is nothing, and greets whoever connects. */
export type Upgrade = (request: Request, greeting: string) => Response | undefined;
let upgrade: Upgrade | undefined;
let made: unknown = "nothing yet";
let sent: unknown;

export function useUpgrade(ofRuntime: Upgrade): void {
  upgrade = ofRuntime;
}

const application = Session.fetch(async (request) => {
  const path = new URL(request.url).pathname.slice(OUTCOMES.length);
  const other = others[path];
  if (other !== undefined) return other(request);
  const end = ends[path];
  if (end === undefined) return new Response("no such outcome", { status: 404 });
  await Session.createNewSession(request, undefined, "user-1");
  return end(request);
});

export async function outcomes(request: Request): Promise<Response> {
  const response = await application(request);
  if (new URL(request.url).pathname === `${OUTCOMES}/socket`) sent = response;
  return response;
}

/** The second piece is made when somebody asks for `/release`. */
function twoPieces(): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const released = new Promise<void>((resolve) => {
    releaseStream = resolve;
  });
  let count = 0;
  return new ReadableStream({
    async pull(controller) {
      count += 1;
      if (count === 1) return controller.enqueue(encoder.encode("one\n"));
      await released;
      controller.enqueue(encoder.encode("two\n"));
      controller.close();
    },
  });
}
