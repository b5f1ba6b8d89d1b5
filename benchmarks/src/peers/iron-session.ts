import { getIronSession, sealData } from "iron-session";
import { BenchRequest, BenchResponse, browserHeaders } from "../request.ts";
import { asking, type Peer } from "./peer.ts";

export const ironOptions = { cookieName: "iron", password: "a password of at least thirty-two characters" };

export async function ironCookie(): Promise<string> {
  return `iron=${await sealData({ userId: "user-1", plan: "pro" }, { password: ironOptions.password })}`;
}

export async function startIronSession(): Promise<Peer> {
  const headers = browserHeaders(await ironCookie());
  const ask = async (): Promise<string | undefined> => {
    const req = new BenchRequest(headers) as never;
    const res = new BenchResponse() as never;
    return (await getIronSession<{ userId?: string }>(req, res, ironOptions)).userId;
  };
  return { cases: [await asking("iron-session getIronSession", "user-1", ask)], close: () => {} };
}
