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

/** The middleware with its memory store, up to `next()`. */
export async function startExpressSession(): Promise<Peer> {
  const store = new session.MemoryStore();
  const signature = createHmac("sha256", SECRET).update(ID).digest("base64").replace(/=+$/, "");
  const headers = browserHeaders(`connect.sid=${encodeURIComponent(`s:${ID}.${signature}`)}`);
  await new Promise<void>((resolve, reject) => {
    const data = { userId: "user-1", cookie: { originalMaxAge: null } };
    store.set(ID, data as session.SessionData, (error?: unknown) => (error ? reject(error) : resolve()));
  });
  const middleware = session({ secret: SECRET, store, resave: false, saveUninitialized: false });
  const ask = (): Promise<string | undefined> =>
    new Promise((resolve, reject) => {
      const req = new BenchRequest(headers) as unknown as Parameters<typeof middleware>[0];
      const res = new BenchResponse() as unknown as Parameters<typeof middleware>[1];
      middleware(req, res, (error?: unknown) => (error ? reject(error) : resolve(req.session.userId)));
    });
  return { cases: [await asking("express-session, memory", "user-1", ask)], close: () => {} };
}
