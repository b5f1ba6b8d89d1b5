import type { ResponseHead } from "@acme/session-core/adapter";
import type { KoaContext } from "./koa-types.js";

interface FetchHeaders {
  getSetCookie(): string[];
}

/** The head of a response whose body is settled. Lines that are there already are not added again. */
export function headOf(ctx: KoaContext): ResponseHead {
  const { res } = ctx;
  separateCookies(ctx);
  return {
    getHeader(name) {
      const value = res.getHeader(name);
      return value === undefined ? undefined : String(value);
    },
    setHeader: (name, value) => void res.setHeader(name, value),
    appendSetCookie(line) {
      const lines = setCookieLines(ctx);
      if (!lines.includes(line)) res.setHeader("Set-Cookie", [...lines, line]);
    },
  };
}

/** Koa 3 joins the cookies of a Fetch `Response` into one line, which no browser takes apart. */
function separateCookies(ctx: KoaContext): void {
  const headers = (ctx.body as { headers?: Partial<FetchHeaders> } | null | undefined)?.headers;
  if (typeof headers?.getSetCookie !== "function") return;
  const separate = headers.getSetCookie();
  if (separate.length < 2) return;
  const joined = separate.join(", ");
  const lines = setCookieLines(ctx).flatMap((line) => (line === joined ? separate : [line]));
  ctx.res.setHeader("Set-Cookie", lines);
}

function setCookieLines({ res }: KoaContext): string[] {
  const present = res.getHeader("Set-Cookie");
  return Array.isArray(present) ? present : present === undefined ? [] : [String(present)];
}
