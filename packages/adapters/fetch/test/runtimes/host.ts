import { type FixtureHandler, fixtureHandler } from "../support/fixture-handler.js";
import { IO, IO_UPSTREAM, ioStore, upstream } from "../support/io-store.js";
import { OUTCOMES, outcomes } from "../support/outcomes.js";

/** Paths below this one start, watch and end the application; every other request goes to it. */
const CONTROL = "/__host/";

let current: FixtureHandler | undefined;

/** The fixture in a process of its own, one application at a time: a fetch handler, which is all that a host has to serve. */
export async function fetch(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith(CONTROL)) return control(pathname.slice(CONTROL.length), request);
  if (pathname.startsWith(IO)) return ioStore(request);
  if (pathname.startsWith(IO_UPSTREAM)) return upstream(request);
  if (pathname.startsWith(OUTCOMES)) return outcomes(request);
  return current?.fetch(request) ?? new Response("nothing was started", { status: 503 });
}

async function control(task: string, request: Request): Promise<Response> {
  if (task === "start") {
    try {
      current = fixtureHandler(await request.json());
    } catch (error) {
      return new Response(String(error), { status: 400 });
    }
    return Response.json({});
  }
  const { probe } = current?.fixture ?? {};
  if (task === "snapshot") return Response.json(await probe?.snapshot());
  if (task === "reset") await probe?.reset();
  else if (task === "advance") await probe?.advanceMs(await request.json());
  else if (task === "close") {
    await current?.close();
    current = undefined;
  } else return new Response("no such task", { status: 404 });
  return Response.json({});
}
