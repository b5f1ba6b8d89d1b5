import { SessionError } from "../errors/session-error.js";
import { invalidOption } from "../errors/throwers.js";
import { expireOlderCookie, writePlaceholderFrontToken } from "../respond/write-tokens.js";
import { judge, type RefreshVerdict } from "../session/rotate-refresh-token.js";
import { openRefreshToken } from "../tokens/refresh-token.js";
import type { RequestMemo } from "./request-memo.js";

interface Candidate {
  text: string;
  handle: string;
  userId: string;
  verdict: RefreshVerdict | "gone";
}

/** Best first: a child proves the newest use, then the current token, then its recent predecessor. */
const USABLE: readonly Candidate["verdict"][] = ["child-of-current", "current", "previous"];

/**
 * The browser holds two refresh cookies of different domains (wire-contract.md D-7 to D-9). Each is judged read-only;
 * the best usable one is taken, and no other one can be called stolen.
 *
 * @returns the token to refresh with; the first one when none is usable, so that the ordinary rules judge it
 * @throws SessionError `CLEAR_DUPLICATE_SESSION_COOKIES` when tokens of several live sessions are mixed and the older
 *         domain is known; `INVALID_OPTION` naming `olderCookieDomain` when it is not
 */
export async function chooseRefreshToken(
  memo: RequestMemo,
  texts: readonly string[],
  arrivedAtMonoMs: number,
): Promise<string> {
  const [first] = texts;
  const distinct = [...new Set(texts)];
  if (first === undefined || distinct.length === 1) return first ?? "";
  const candidates = await Promise.all(distinct.map((text) => classify(memo, text, arrivedAtMonoMs)));
  const usable = candidates.filter(
    (candidate) => candidate !== undefined && USABLE.includes(candidate.verdict),
  ) as Candidate[];
  if (usable.length === 0) return theLeastSuspect(distinct, candidates);
  const handles = new Set(usable.map(({ handle }) => handle));
  const wanted = handles.size === 1 ? usable[0]?.handle : await handleOfAccessToken(memo, handles);
  if (wanted === undefined) return mixed(memo, usable[0] as Candidate);
  const [best] = usable
    .filter(({ handle }) => handle === wanted)
    .sort((a, b) => USABLE.indexOf(a.verdict) - USABLE.indexOf(b.verdict));
  return (best as Candidate).text;
}

async function classify(
  memo: RequestMemo,
  text: string,
  arrivedAtMonoMs: number,
): Promise<Candidate | undefined> {
  const { engine } = memo.core;
  const token = await openRefreshToken(engine.secrets, text);
  if (token === undefined) return undefined;
  const row = await engine.store.getSession(token.handle, engine.clock.wallMs());
  if (row === undefined) return { text, handle: token.handle, userId: "", verdict: "gone" };
  const { verdict } = await judge(engine, token, row, arrivedAtMonoMs);
  return { text, handle: token.handle, userId: row.userId, verdict };
}

/** A theft verdict is possible only when every token sent was reused (security rule C-11). */
function theLeastSuspect(texts: readonly string[], candidates: readonly (Candidate | undefined)[]): string {
  const index = candidates.findIndex((candidate) => candidate?.verdict !== "reused");
  return texts[index === -1 ? 0 : index] as string;
}

/** A sibling domain can plant a genuine token of its own session; the access token, even expired, tells them apart. */
async function handleOfAccessToken(
  memo: RequestMemo,
  handles: ReadonlySet<string>,
): Promise<string | undefined> {
  const values = memo.exchange.req.cookieValues(memo.accessCookieName());
  const named = new Set<string>();
  for (const value of new Set(values)) {
    const payload = await memo.core.engine.verifier.authenticate(value);
    if (payload !== undefined && handles.has(payload.sessionHandle)) named.add(payload.sessionHandle);
  }
  const [only] = named;
  return named.size === 1 ? only : undefined;
}

/** The cookies of the older domain go; a placeholder makes the client repeat the request and then refresh (D-8). */
function mixed(memo: RequestMemo, candidate: Candidate): never {
  const { config, engine } = memo.core;
  const { res } = memo.exchange;
  if (config.olderCookieDomain === null) {
    throw invalidOption(
      "olderCookieDomain",
      "the browser sent refresh tokens of two sessions; set it to the domain your cookies had before `cookieDomain` changed",
    );
  }
  const { domain } = config.olderCookieDomain;
  const dress = memo.dress();
  expireOlderCookie(res, dress, domain, "refresh");
  if (memo.exchange.req.cookieValues(memo.accessCookieName()).length > 1) {
    expireOlderCookie(res, dress, domain, "access");
  }
  const nowMs = engine.clock.wallMs();
  const placeholder = { uid: candidate.userId, ate: nowMs - 1000, up: { iat: Math.floor(nowMs / 1000) } };
  writePlaceholderFrontToken(res, engine.platform.encodeBase64(JSON.stringify(placeholder)));
  throw new SessionError({
    type: "CLEAR_DUPLICATE_SESSION_COOKIES",
    message: "refresh tokens of several sessions were sent under one name; the older ones are being removed",
  });
}
