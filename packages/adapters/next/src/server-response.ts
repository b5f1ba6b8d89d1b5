import { BufferedResponse, type CookieSpec } from "@acme/session-core/adapter";

const OUT_OF_REACH =
  "a server component cannot set cookies; change the session in a server action, a route handler or an API route";

/** The response behind a server component: out of reach. */
export class ComponentResponse extends BufferedResponse<undefined> {
  readonly native = undefined;
  readonly committed = false;

  override get isReadOnly(): boolean {
    return true;
  }

  override get readOnlyReason(): string {
    return OUT_OF_REACH;
  }

  finish(): undefined {
    return undefined;
  }
}

/** What is used of Next's `cookies()`. */
export interface CookieJar {
  set(cookie: {
    name: string;
    value: string;
    path: string;
    domain?: string;
    expires: Date;
    httpOnly?: boolean;
    secure?: boolean;
    sameSite: "strict" | "lax" | "none";
  }): unknown;
}

const FAR_FUTURE = new Date("9999-12-31T00:00:00Z");
const PAST = new Date(0);

/** Thrown at Next instead of a name: whoever asks for one is about to set the cookie. */
const ASKED_FOR_A_NAME = Symbol("asked for a name");
const PROBE = {
  get name(): string {
    throw ASKED_FOR_A_NAME;
  },
} as Parameters<CookieJar["set"]>[0];

/**
 * The response behind a server action: cookies can be set, headers cannot. The browser client learns of sessions from
 * headers; so that it notices nonetheless, its own cookies are taken away, which means "there may be a session, refresh
 * to find out" (wire-contract.md 1.12).
 */
export class ActionResponse extends BufferedResponse<CookieJar> {
  /** Cookies as they are by now, by name: Next keeps one for each. */
  readonly written = new Map<string, string>();
  readonly #wasOpen: boolean;
  #isOver = false;
  /** What waits for the end of a transaction: Next cannot take a cookie back, and an action sends nothing before it ends. */
  #held: (() => void)[] | undefined;
  #holders = 0;

  constructor(readonly native: CookieJar) {
    super();
    this.#wasOpen = this.#isOpen();
  }

  /** In a server component the jar was never open. */
  override get isReadOnly(): boolean {
    return !this.#wasOpen;
  }

  override get readOnlyReason(): string {
    return OUT_OF_REACH;
  }

  /** Next closes the jar once an action has returned, and says nothing when a route handler's response is on its way. */
  get committed(): boolean {
    return this.#isOver || !this.#isOpen();
  }

  /** The response has been made. */
  commit(): void {
    this.#isOver = true;
  }

  /** Asks the jar without setting anything: that would count as a change, and empty the client's router cache. */
  #isOpen(): boolean {
    try {
      this.native.set(PROBE);
      return true;
    } catch (error) {
      return error === ASKED_FOR_A_NAME;
    }
  }

  override remember(headers: readonly string[], cookies: readonly string[]): (isKept: boolean) => void {
    const restore = super.remember(headers, cookies);
    this.#held ??= [];
    const held = this.#held;
    const before = held.length;
    this.#holders += 1;
    return (isKept) => {
      restore(isKept);
      if (!isKept) held.length = before;
      this.#holders -= 1;
      if (this.#holders > 0) return;
      this.#held = undefined;
      for (const set of held) set();
    };
  }

  /** Next keeps one cookie for each name, and takes none back. */
  protected override replaceSetCookie(_drop: unknown, _line?: string, spec?: CookieSpec): void {
    if (spec === undefined) return;
    if (this.#held === undefined) this.#setNow(spec);
    else this.#held.push(() => this.#setNow(spec));
  }

  #setNow(spec: CookieSpec): void {
    this.native.set({
      name: spec.name,
      value: spec.value,
      path: spec.path,
      ...(spec.domain === undefined ? {} : { domain: spec.domain }),
      expires: new Date(spec.expiresMs),
      httpOnly: spec.httpOnly,
      secure: spec.secure,
      sameSite: spec.sameSite,
    });
    this.written.set(spec.name, spec.value);
  }

  override setHeader(name: string, value: string): void {
    super.setHeader(name, value);
    const key = name.toLowerCase();
    if (key === "anti-csrf") this.#setForClient("sAntiCsrf", value, FAR_FUTURE);
    if (key !== "front-token") return;
    this.#setForClient("sFrontToken", "", PAST);
    this.#setForClient("st-last-access-token-update", "", PAST);
  }

  finish(): undefined {
    return undefined;
  }

  #setForClient(name: string, value: string, expires: Date): void {
    const set = (): unknown => this.native.set({ name, value, path: "/", expires, sameSite: "lax" });
    if (this.#held === undefined) set();
    else this.#held.push(set);
  }
}
