import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { SessionError } from "../errors/session-error.js";
import { type NodeIncomingMessage, NodeRequest } from "./node-http.js";
import { readJsonBody } from "./read-json-body.js";
import { WebRequest } from "./web-http.js";

const MEGABYTES = 1024 * 1024;
const LIMIT = 16 * 1024;
const outcome = (call: Promise<unknown>): Promise<unknown> =>
  call.catch((error: Error) => (SessionError.is(error) ? `${error.type}: ${error.message}` : error));
const TOO_LONG = "BAD_INPUT_ERROR: the body is too long";

/** A body of 300 MB, and how much of it was asked for. */
function endless() {
  const asked = { bytes: 0, isCancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (asked.bytes >= 300 * MEGABYTES) return controller.close();
      asked.bytes += 4096;
      controller.enqueue(new Uint8Array(4096).fill(0x20));
    },
    cancel() {
      asked.isCancelled = true;
    },
  });
  return { asked, body };
}

const posted = (body: BodyInit, headers: Record<string, string> = {}): Request =>
  new Request("http://localhost/", { method: "POST", body, headers, duplex: "half" } as RequestInit);

describe("the body of a Fetch request", () => {
  it("is read, and stays with the application", async () => {
    const native = posted('{"a":"ä"}');
    expect(await readJsonBody(new WebRequest(native))).toEqual({ a: "ä" });
    expect([native.bodyUsed, await native.text()]).toEqual([false, '{"a":"ä"}']);
  });

  it("that comes in pieces is read no further than 16 KB and a piece", async () => {
    const { asked, body } = endless();
    expect(await outcome(readJsonBody(new WebRequest(posted(body))))).toBe(TOO_LONG);
    expect(asked.bytes).toBeLessThan(2 * LIMIT);
  });

  it("that comes in pieces and is too long is let go of: the upload ends as soon as the host lets go of it too", async () => {
    const { asked, body } = endless();
    const native = posted(body);
    await outcome(readJsonBody(new WebRequest(native)));
    expect(asked.isCancelled).toBe(false);
    void native.body?.cancel();
    await new Promise(setImmediate);
    expect(asked.isCancelled).toBe(true);
  });

  it("that says itself that it is too long is not read at all", async () => {
    const { asked, body } = endless();
    const length = { "content-length": String(300 * MEGABYTES) };
    expect(await outcome(readJsonBody(new WebRequest(posted(body, length))))).toBe(TOO_LONG);
    expect(asked.bytes).toBeLessThan(LIMIT);
  });

  it("may be missing, be no JSON, or break off", async () => {
    expect(await readJsonBody(new WebRequest(new Request("http://localhost/")))).toBeUndefined();
    expect(await outcome(readJsonBody(new WebRequest(posted("{"))))).toBe(
      "BAD_INPUT_ERROR: the body is not JSON",
    );
    const broken = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.error(new Error("gone")),
    });
    expect(await outcome(readJsonBody(new WebRequest(posted(broken))))).toBe(
      "BAD_INPUT_ERROR: the body breaks off",
    );
  });

  it("of just 16 KB is taken, whatever its pieces are", async () => {
    const text = JSON.stringify("x".repeat(LIMIT - 2));
    expect(await readJsonBody(new WebRequest(posted(text)))).toHaveLength(LIMIT - 2);
  });
});

describe("the body of Node's request", () => {
  it("that is too long is answered on the same socket, which has read no more than it had to", async () => {
    let received: IncomingMessage | undefined;
    const server = createServer(async (req, res) => {
      received = req;
      res.end(String(await outcome(readJsonBody(new NodeRequest(req)))));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const answer = await new Promise<string>((resolve, reject) => {
      const sending = request(url, { method: "POST", headers: { "transfer-encoding": "chunked" } }, (res) => {
        let text = "";
        res.on("data", (chunk) => {
          text += String(chunk);
        });
        res.on("end", () => resolve(text));
      });
      sending.on("error", reject);
      sending.write(" ".repeat(4 * LIMIT));
    });
    expect([answer, received?.destroyed]).toEqual([TOO_LONG, false]);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

it("a body that a parser of the framework has left as a text has the same limit", async () => {
  const parsed = (body: string): Promise<unknown> => {
    const native: NodeIncomingMessage & { body: string } = { method: "POST", headers: {}, body };
    return outcome(readJsonBody(new NodeRequest(native)));
  };
  expect(await parsed(JSON.stringify("x".repeat(LIMIT - 2)))).toHaveLength(LIMIT - 2);
  expect(await parsed(JSON.stringify("x".repeat(LIMIT - 1)))).toBe(TOO_LONG);
});
