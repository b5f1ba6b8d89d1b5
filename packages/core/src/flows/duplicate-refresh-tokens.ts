import { SessionError } from "../errors/session-error.js";
import { unauthorised } from "../errors/throwers.js";
import { writePlaceholderFrontToken } from "../respond/write-tokens.js";
import { judge, type RefreshVerdict } from "../session/rotate-refresh-token.js";
import type { SessionRow } from "../store/session-store.js";
import { parseAccessToken } from "../tokens/access-token.js";
import {
  antiCsrfTokenOf,
  isOfUnknownSecret,
  openRefreshToken,
  type RefreshToken,
} from "../tokens/refresh-token.js";
import { isSameAntiCsrfToken } from "../verify/check-anti-csrf.js";
import { expireForeignCookies } from "./expire-foreign-cookies.js";
import type { RequestMemo } from "./request-memo.js";

/** A refresh token that this application has made. */
interface Genuine {
  readonly text: string;
  readonly token: RefreshToken;
  /** The request shows the anti-CSRF token that is bound to it, which only a page of ours knows. */
  readonly isOurPages: boolean;
}

interface Choice {
  readonly refreshToken: string;
  /** Genuine tokens of more than one session were sent, living or not. */
  readonly hasSeveralSessions: boolean;
}

/** What else in the request says of the sessions whose refresh tokens were sent. */
interface Named {
  /** The one that is the user's. */
  readonly ours?: string | undefined;
  /** Access tokens name several of them, of different users. */
  readonly hasSeveralUsers?: boolean;
}

interface Candidate extends Genuine {
  readonly verdict: RefreshVerdict | "gone";
}

/** Best first: a child proves the newest use, then the current token, then its recent predecessor. */
const USABLE: readonly Candidate["verdict"][] = ["child-of-current", "current", "previous"];
/** Sessions whose rows are read to tell them apart. */
const MAX_ROWS = 2;
/** Signature checks that access tokens beside them are worth. */
const MAX_CHECKS = 2;

/**
 * The browser holds several refresh cookies of different domains or paths (wire-contract.md D-7 to D-9): `cookieDomain`
 * was changed, or a page of a sibling host has planted its own. The session that the request's access token names, or its
 * anti-CSRF token, is taken; without such a sign the one that is alive. Within it the best token is taken, and no other
 * one can be called stolen. At most two rows are read, whatever is sent.
 *
 * @returns the token to refresh with: one when none is usable, so that the ordinary rules judge it
 * @throws SessionError `CLEAR_DUPLICATE_SESSION_COOKIES` when tokens of several live sessions are mixed and nothing tells
 *         which is ours: all but the cookies that we set ourselves are being removed then
 */
export async function chooseRefreshToken(
  memo: RequestMemo,
  texts: readonly string[],
  arrivedAtMonoMs: number,
): Promise<Choice> {
  const [first] = texts;
  const distinct = [...new Set(texts)];
  memo.hasReadSecrets = true;
  if (first === undefined || distinct.length === 1) {
    return { refreshToken: first ?? "", hasSeveralSessions: false };
  }
  const sessions = new Map<string, Genuine[]>();
  let doubt: unknown;
  const { secrets } = memo.core.engine;
  const [known, unknown] = [false, true].map((isUnknown) =>
    distinct.filter((text) => isOfUnknownSecret(secrets, text) === isUnknown),
  ) as [string[], string[]];
  // All at once, for one reading of the secrets. One that cannot be judged now must not keep a good one from being used: a
  // stranger can make any number of them.
  const open = (text: string): Promise<Genuine | undefined> =>
    openOne(memo, text).catch((error: unknown) => {
      doubt ??= error;
      return undefined;
    });
  const add = (opened: readonly (Genuine | undefined)[]): void => {
    for (const genuine of opened) {
      if (genuine === undefined) continue;
      const { handle } = genuine.token;
      sessions.set(handle, [...(sessions.get(handle) ?? []), genuine]);
    }
  };
  add(await Promise.all(known.map(open)));
  const isWaiting = unknown.length > 0 && sessions.size > 0;
  const ours = isWaiting ? (await namedSessions(memo, sessions)).ours : undefined;
  if (ours !== undefined) {
    // Whatever the others are, they are not this user's: nobody waits for the store to tell.
    const refreshToken = await bestOf(memo, sessions.get(ours) as Genuine[], arrivedAtMonoMs);
    return { refreshToken, hasSeveralSessions: sessions.size > 1 };
  }
  add(await Promise.all(unknown.map(open)));
  if (sessions.size === 0) {
    if (doubt !== undefined) throw doubt;
    // To judge one of an unknown secret once more would be another reading.
    const rest = distinct.find((text) => !isOfUnknownSecret(secrets, text));
    if (rest === undefined) throw unauthorised("no refresh token that was sent is one of ours", true);
    return { refreshToken: rest, hasSeveralSessions: false };
  }
  const refreshToken = await tokenAmong(memo, sessions, arrivedAtMonoMs);
  return { refreshToken, hasSeveralSessions: sessions.size > 1 };
}

async function tokenAmong(
  memo: RequestMemo,
  sessions: ReadonlyMap<string, readonly Genuine[]>,
  arrivedAtMonoMs: number,
): Promise<string> {
  const { ours, hasSeveralUsers } =
    sessions.size === 1 ? { ours: [...sessions.keys()][0] } : await namedSessions(memo, sessions);
  if (ours !== undefined) return bestOf(memo, sessions.get(ours) as Genuine[], arrivedAtMonoMs);
  // Of two users, the one whose session has ended must not go on in the other one's.
  if (sessions.size > MAX_ROWS || hasSeveralUsers) return mixed(memo, "");
  return oneThatLives(memo, [...sessions.values()], arrivedAtMonoMs);
}

async function openOne(memo: RequestMemo, text: string): Promise<Genuine | undefined> {
  const { secrets } = memo.core.engine;
  const token = await openRefreshToken(secrets, text);
  if (token === undefined) return undefined;
  const presented = memo.exchange.req.header("anti-csrf");
  if (presented === undefined || !token.boundToAntiCsrf) return { text, token, isOurPages: false };
  const keys = await secrets.find(token.secretId);
  const expected = keys && (await antiCsrfTokenOf(keys, token.secret));
  const isOurPages = expected !== undefined && isSameAntiCsrfToken(presented, expected);
  return { text, token, isOurPages };
}

/**
 * A sibling host can plant genuine tokens of its own session, but not the anti-CSRF token that our page has; the access
 * token, even expired, tells them apart too, unless it was planted as well.
 */
async function namedSessions(
  memo: RequestMemo,
  sessions: ReadonlyMap<string, readonly Genuine[]>,
): Promise<Named> {
  const shown = [...sessions.values()].flat().filter(({ isOurPages }) => isOurPages);
  const [only] = new Set(shown.map(({ token }) => token.handle));
  if (only !== undefined) return { ours: only };
  const values = new Set(memo.exchange.req.cookieValues(memo.accessCookieName()));
  const naming = [...values].filter((value) => {
    const handle = parseAccessToken(value)?.payload.sessionHandle;
    return handle !== undefined && sessions.has(handle);
  });
  if (naming.length > MAX_CHECKS) {
    const users = new Set(naming.map((value) => parseAccessToken(value)?.payload.sub));
    return { hasSeveralUsers: users.size > 1 };
  }
  const named = new Map<string, string>();
  for (const value of naming) {
    const payload = await memo.core.engine.verifier.namedBy(value);
    if (payload !== undefined) named.set(payload.sessionHandle, payload.sub);
  }
  if (named.size === 1) return { ours: [...named.keys()][0] };
  return { hasSeveralUsers: new Set(named.values()).size > 1 };
}

/** The best token of one session. One read at most. */
async function bestOf(
  memo: RequestMemo,
  tokens: readonly Genuine[],
  arrivedAtMonoMs: number,
): Promise<string> {
  if (tokens.length === 1) return (tokens[0] as Genuine).text;
  const { candidates } = await classify(memo, tokens, arrivedAtMonoMs);
  return chosenFrom(candidates);
}

async function oneThatLives(
  memo: RequestMemo,
  sessions: readonly (readonly Genuine[])[],
  arrivedAtMonoMs: number,
): Promise<string> {
  const judged = await Promise.all(sessions.map((tokens) => classify(memo, tokens, arrivedAtMonoMs)));
  const live = judged.filter(({ candidates }) => candidates.some(isUsable));
  const [one, other] = live;
  if (one === undefined) return chosenFrom(judged.flatMap(({ candidates }) => candidates));
  return other === undefined ? chosenFrom(one.candidates) : mixed(memo, one.row?.userId ?? "");
}

/** What the tokens of one session are to its row, read-only. */
async function classify(
  memo: RequestMemo,
  tokens: readonly Genuine[],
  arrivedAtMonoMs: number,
): Promise<{ row: SessionRow | undefined; candidates: Candidate[] }> {
  const { engine } = memo.core;
  const reading = engine.rotations.read();
  const [{ token: any }] = tokens as [Genuine];
  const row = await engine.store.getSession(any.handle, reading.wallMs);
  const candidates: Candidate[] = [];
  for (const one of tokens) {
    const verdict =
      row === undefined ? "gone" : (await judge(engine, one.token, row, reading, arrivedAtMonoMs)).verdict;
    candidates.push({ ...one, verdict });
  }
  return { row, candidates };
}

/** A theft verdict is possible only when every token sent was reused (security rule C-11). */
function chosenFrom(candidates: readonly Candidate[]): string {
  const rank = ({ verdict, isOurPages }: Candidate): number =>
    (isOurPages ? 0 : USABLE.length) + USABLE.indexOf(verdict);
  const [best] = candidates.filter(isUsable).sort((a, b) => rank(a) - rank(b));
  const leastSuspect = candidates.find(({ verdict }) => verdict !== "reused") ?? candidates[0];
  return ((best ?? leastSuspect) as Candidate).text;
}

function isUsable({ verdict }: Candidate): boolean {
  return USABLE.includes(verdict);
}

/**
 * All but our own cookies go: those of the older domain, and all that somebody else can have planted. A placeholder makes the client repeat the request and then refresh with what is left (D-8).
 */
function mixed(memo: RequestMemo, userId: string): never {
  const { engine } = memo.core;
  const { res } = memo.exchange;
  expireForeignCookies(memo, "refresh", memo.core.config.refreshPath, true);
  if (memo.exchange.req.cookieValues(memo.accessCookieName()).length > 1) {
    expireForeignCookies(memo, "access", "/", true);
  }
  const nowMs = engine.clock.wallMs();
  const placeholder = { uid: userId, ate: nowMs - 1000, up: { iat: Math.floor(nowMs / 1000) } };
  writePlaceholderFrontToken(res, engine.platform.encodeBase64(JSON.stringify(placeholder)));
  throw new SessionError({
    type: "CLEAR_DUPLICATE_SESSION_COOKIES",
    message:
      "refresh tokens of several sessions were sent under one name; those that are not under the configured `cookieDomain` are being removed (if you changed it, set `olderCookieDomain` to what it was)",
  });
}
