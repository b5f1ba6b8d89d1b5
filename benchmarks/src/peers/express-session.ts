import { createHmac } from "node:crypto";
import session from "express-session";
import { BenchRequest, BenchResponse, browserHeaders } from "../request.ts";
import { asking, type Peer } from "./peer.ts";

declare module "express-session" {
  interface SessionData {
    userId?: string;
  }
}

const SECRET = "a secret of at least thirty-two characters";
const ID = "8WnZ0mQm2yG4v7s1k5t9x3b6c8d0e2f4";
const SIGNATURE = createHmac("sha256", SECRET).update(ID).digest("base64").replace(/=+$/, "");

export const signedSessionCookie = {
  secret: SECRET,
  cookie: `connect.sid=${encodeURIComponent(`s:${ID}.${SIGNATURE}`)}`,
};

/** Puts the session there that the cookie belongs to. */
export function storeSession(store: session.MemoryStore): Promise<void> {
  const data = { userId: "user-1", cookie: { originalMaxAge: null } };
  return new Promise((resolve, reject) => {
    store.set(ID, data as session.SessionData, (error?: unknown) => (error ? reject(error) : resolve()));
  });
}

/** The middleware with its memory store, up to `next()`. */
export async function startExpressSession(): Promise<Peer> {
  const store = new session.MemoryStore();
  await storeSession(store);
  const headers = browserHeaders(signedSessionCookie.cookie);
  const middleware = session({ secret: SECRET, store, resave: false, saveUninitialized: false });
  const ask = (): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      const req = new BenchRequest(headers) as unknown as Parameters<typeof middleware>[0];
      const res = new BenchResponse() as unknown as Parameters<typeof middleware>[1];
      middleware(req, res, (error?: unknown) => (error ? reject(error) : resolve(req.session.userId)));
    });
  return { cases: [await asking("express-session, memory", "user-1", ask)], close: () => {} };
}
