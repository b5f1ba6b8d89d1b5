import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { serveControl } from "./control.ts";
import { place, SLOT } from "./slot.ts";

/** Serves an application that was built, one after the other with the options that the suite asks for. */
export async function serveBuilt(listener: RequestListener): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // Some load their middleware with the first request.
  await fetch(origin);
  serveControl(async (options) => {
    const fixture = place[SLOT]?.(options);
    if (fixture === undefined) throw new Error("the bundle has left nothing to start");
    return { fixture, origin, close: () => fixture.close() };
  });
}
