import { createHmac } from "node:crypto";
import fastifyCookie, { type FastifyCookie } from "@fastify/cookie";
import fastifySession from "@fastify/session";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { browserHeaders } from "../request.ts";
import { captureFastify } from "./capture-fastify.ts";
import { asking, type Peer } from "./peer.ts";

declare module "fastify" {
  interface Session {
    userId?: string;
  }
}

const SECRET = "a secret of at least thirty-two characters";
const ID = "8WnZ0mQm2yG4v7s1k5t9x3b6c8d0e2f4";
const SIGNATURE = createHmac("sha256", SECRET).update(ID).digest("base64").replace(/=+$/, "");

export const fastifySessionCookie = {
  secret: SECRET,
  cookie: `sessionId=${encodeURIComponent(`${ID}.${SIGNATURE}`)}`,
};

/** Puts the session there that the cookie belongs to. */
export function storeFastifySession(store: fastifySession.MemoryStore): Promise<void> {
  const data = { userId: "user-1", cookie: { originalMaxAge: null, path: "/", secure: false } };
  return new Promise((resolve, reject) => {
    store.set(ID, data as never, (error) => (error ? reject(error) : resolve()));
  });
}

/** Cookie parsing, signature check and look-up in the memory store: what happens before the handler. */
export async function startFastifySession(): Promise<Peer> {
  const store = new fastifySession.MemoryStore();
  await storeFastifySession(store);
  const headers = browserHeaders(fastifySessionCookie.cookie);
  let parse: FastifyCookie["parse"] | undefined;
  let decrypt: FastifyInstance["decryptSession"] | undefined;
  const captured = await captureFastify(headers, async (app) => {
    await app.register(fastifyCookie);
    await app.register(fastifySession, {
      secret: SECRET,
      store,
      cookie: { secure: false },
      saveUninitialized: false,
    });
    parse = app.parseCookie;
    decrypt = app.decryptSession;
  });
  const request: FastifyRequest = captured.request;
  const ask = (): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      const sent = parse?.(request.headers.cookie ?? "").sessionId ?? "";
      decrypt?.(sent, request, (error?: unknown) =>
        error ? reject(error) : resolve(request.session.userId),
      );
    });
  return { cases: [await asking("@fastify/session, memory", "user-1", ask)], close: captured.close };
}
