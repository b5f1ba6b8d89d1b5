import { IO } from "../support/io-store.js";
import { useUpgrade } from "../support/outcomes.js";
import { fetch } from "./host.js";

declare const WebSocketPair: new () => [WebSocket, WebSocket & { accept(): void }];

useUpgrade((_request, greeting) => {
  const [theirs, ours] = new WebSocketPair();
  ours.accept();
  ours.send(greeting);
  return new Response(null, { status: 101, webSocket: theirs } as ResponseInit);
});

/** Milliseconds; longer than any request of the suite. */
const REQUEST_LIFE_MS = 10_000;

export default {
  fetch(request: Request, _bindings: unknown, context: { waitUntil(work: Promise<void>): void }) {
    // workerd cancels a request that waits for another one, as the suite's streams do, unless it also waits for itself.
    if (new URL(request.url).pathname === IO) return fetch(request);
    context.waitUntil(new Promise((resolve) => setTimeout(resolve, REQUEST_LIFE_MS)));
    return fetch(request);
  },
};
