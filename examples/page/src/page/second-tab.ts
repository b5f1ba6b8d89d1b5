import { init } from "supertokens-website";
import { decodeFrontToken, storedFrontToken } from "./front-token.ts";

/** What the page asks its second tabs to do, and what they answer. */
export type TabTask = "call" | "refresh";
export interface TabAnswer {
  status: number;
  /** Names the refresh token that this tab now has. */
  refreshTokenHash: string | undefined;
}

init({ apiDomain: location.origin });

async function perform(task: TabTask): Promise<TabAnswer> {
  if (task === "call") {
    const { status } = await fetch("/protected");
    return { status, refreshTokenHash: storedFrontToken()?.up.refreshTokenHash1 };
  }
  // Past the client, and so past its lock: as two subdomains would do it.
  const { status, headers } = await fetch("/auth/session/refresh?superTokensDoNotDoInterception", {
    method: "POST",
    headers: { rid: "session", "st-auth-mode": "cookie" },
  });
  const token = headers.get("front-token");
  const isToken = token !== null && token !== "remove";
  return { status, refreshTokenHash: isToken ? decodeFrontToken(token).up.refreshTokenHash1 : undefined };
}

addEventListener("message", async ({ data, ports: [reply], origin }: MessageEvent<TabTask>) => {
  if (origin === location.origin) reply?.postMessage(await perform(data));
});
parent.postMessage("tab is ready", location.origin);
