import assert from "node:assert/strict";
import { type ClientRequest, request } from "node:http";
import { WireClient } from "@acme/session-conformance";
import { IO, IO_UPSTREAM } from "./io-store.js";

/** A store that does I/O, on runtimes where I/O belongs to one request. */
export const ioCases = [
  {
    name: "WE-06, T3: the first requests of an instance, all at once, with a store that asks another server",
    async run(origin: string): Promise<void> {
      const client = new WireClient(origin);
      await client.get(`${IO_UPSTREAM}/new`);
      const answers = await Promise.all(Array.from({ length: 20 }, () => new WireClient(origin).get(IO)));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    },
  },
  {
    name: "WE-06, T3: the request that does the I/O for all goes away, and the others are answered",
    async run(origin: string): Promise<void> {
      const client = new WireClient(origin);
      await client.get(`${IO_UPSTREAM}/new`);
      await client.get(`${IO_UPSTREAM}/hold`);
      const first = begin(origin + IO);
      while ((await client.get(`${IO_UPSTREAM}/arrivals`)).body === "0") await new Promise(setImmediate);
      const others = Array.from({ length: 3 }, () => new WireClient(origin).get(IO));
      first.destroy();
      await client.get(`${IO_UPSTREAM}/release`);
      const statuses = (await Promise.all(others)).map(({ status }) => status);
      assert.deepEqual(statuses, [200, 200, 200]);
    },
  },
];

function begin(url: string): ClientRequest {
  const sending = request(url);
  sending.on("error", () => {});
  sending.end();
  return sending;
}
