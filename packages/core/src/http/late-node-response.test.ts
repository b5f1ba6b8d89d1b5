import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { LateNodeResponse } from "./late-node-response.js";

class TestResponse extends LateNodeResponse<ServerResponse> {
  constructor(readonly native: ServerResponse) {
    super(native);
  }
  finish(): undefined {
    this.native.end();
    return undefined;
  }
}

/** What a client gets of a response with a cookie and two headers of ours that `answer` sends. */
async function sent(answer: (res: ServerResponse, late: TestResponse) => void): Promise<Headers> {
  const server = createServer((_req, res) => {
    const late = new TestResponse(res);
    late.setCookie({
      name: "ours",
      value: "1",
      path: "/",
      expiresMs: 0,
      secure: false,
      httpOnly: true,
      sameSite: "lax",
    });
    late.setHeader("Front-Token", "a");
    late.setHeader("Vary", "Origin");
    answer(res, late);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)).headers;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const cookies = (headers: Headers) => headers.getSetCookie().map((line) => line.slice(0, line.indexOf("=")));

const ways: Record<string, (res: ServerResponse) => void> = {
  "end()": (res) => {
    res.setHeader("Set-Cookie", "raw=1");
    res.setHeader("Vary", "Accept");
    res.end("x");
  },
  "write()": (res) => {
    res.appendHeader("Set-Cookie", "raw=1");
    res.setHeader("Vary", "Accept");
    res.write("x");
    res.end();
  },
  "writeHead() with an object": (res) => {
    res.setHeader("Set-Cookie", ["raw=1"]);
    res.writeHead(200, { "set-cookie": ["raw=1"], vary: "Accept", "content-length": 0 }).end();
  },
  "writeHead() with a reason and a flat list": (res) => {
    res.writeHead(200, "Fine", ["Set-Cookie", "raw=1", "Vary", "Accept"]).end();
  },
};

it.each(Object.entries(ways))(
  "what is told to the client leaves with %s, beside what others set",
  async (_way, answer) => {
    const headers = await sent(answer);
    expect(cookies(headers)).toEqual(["raw", "ours"]);
    expect([headers.get("vary"), headers.get("front-token")]).toEqual(["Accept, Origin", "a"]);
  },
);

it("cookies on Node's response stay when a framework hands others to writeHead; a name that a list has twice is sent twice", async () => {
  const object = await sent((res) => {
    res.setHeader("Set-Cookie", "raw=1");
    res.writeHead(200, { "Set-Cookie": "framework=1" }).end();
  });
  expect(cookies(object)).toEqual(["raw", "framework", "ours"]);
  const list = await sent((res) => {
    res.writeHead(200, ["Set-Cookie", "a=1", "set-cookie", "b=1", "X-Two", "1", "X-Two", "2"]).end();
  });
  expect([cookies(list), list.get("x-two")]).toEqual([["a", "b", "ours"], "1, 2"]);
});

it("is committed once the head is out", async () => {
  const seen: boolean[] = [];
  await sent((res, late) => {
    seen.push(late.committed);
    res.flushHeaders();
    seen.push(late.committed);
    res.end();
  });
  expect(seen).toEqual([false, true]);
});
