import { fetch } from "./host.js";

/** Milliseconds; longer than any request of the suite. */
const REQUEST_LIFE_MS = 10_000;

export default {
  fetch(request: Request, _bindings: unknown, context: { waitUntil(work: Promise<void>): void }) {
    // workerd cancels a request that waits for another one, as the suite's streams do, unless it also waits for itself.
    context.waitUntil(new Promise((resolve) => setTimeout(resolve, REQUEST_LIFE_MS)));
    return fetch(request);
  },
};
