import type { WireResponse } from "./wire-client.js";

const EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT";

/**
 * What a response does to the tokens of a client: nothing, hands some out, or removes those of one transfer method or of
 * both. Anything in between is spelled out, so that it equals none of them.
 */
export function tokenEffect(response: WireResponse): string {
  const front = response.header("front-token");
  const cookies = response.setCookies.filter(({ name }) => /Token$/.test(name));
  const headers = ["st-access-token", "st-refresh-token"].filter(
    (name) => response.header(name) !== undefined,
  );
  if (
    front === undefined &&
    cookies.length === 0 &&
    headers.length === 0 &&
    response.header("anti-csrf") === undefined
  ) {
    return "untouched";
  }
  const expired = cookies
    .filter(({ value, expires }) => value === "" && expires === EPOCH)
    .map(({ name }) => name);
  const emptied = headers.filter((name) => response.header(name) === "");
  if (front === "remove") {
    const parts = [];
    if (expired.length === 2 && cookies.length === 2) parts.push("cookies");
    if (emptied.length === 2) parts.push("headers");
    return parts.length === 0 ? `removed nothing: ${response.lines}` : `cleared ${parts.join(" and ")}`;
  }
  if (front === undefined) {
    const isRemoval = headers.length === 0 && expired.length === cookies.length;
    return isRemoval ? `took ${[...new Set(expired)].join(" ")}` : `no front-token: ${response.lines}`;
  }
  const given = [
    ...cookies.filter(({ value }) => value !== "").map(({ name }) => name),
    ...headers.filter((name) => response.header(name) !== ""),
  ];
  const taken = [...expired, ...emptied];
  return `gave ${given.join(" ")}${taken.length > 0 ? `, took ${taken.join(" ")}` : ""}`;
}

/** K-1: both methods at once. */
export const CLEARED_ALL = "cleared cookies and headers";

/**
 * The outcome of a protected request in the words of the table in wire-contract.md 7: `session`, `none`, `401-TRY`,
 * `401-KEEP`, `401-CLEAR`, or the bare status; ` + tokens` where new ones came with it.
 */
export function outcome(response: WireResponse): string {
  const effect = tokenEffect(response);
  const tokens = effect.startsWith("gave ") ? " + tokens" : effect === "untouched" ? "" : ` + ${effect}`;
  if (response.status === 200) return `${response.body === "null" ? "none" : "session"}${tokens}`;
  if (response.status !== 401) return `${response.status}${tokens}`;
  const { message } = response.json as { message: string };
  if (message === "try refresh token") return `401-TRY${tokens}`;
  if (message !== "unauthorised") return `401 ${message}${tokens}`;
  return effect === CLEARED_ALL ? "401-CLEAR" : `401-KEEP${tokens}`;
}
