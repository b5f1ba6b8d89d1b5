/** What the test page offers to tests: the published client, driven through plain data. */
export interface PageClient {
  /** Client events, oldest first. */
  events: { action: string; sessionExpiredOrRevoked?: boolean; claimValidationErrors?: unknown }[];
  init(options: PageClientOptions): void;
  call(method: string, url: string, options?: CallOptions): Promise<Answer>;
  /** The same through `XMLHttpRequest`. */
  callXhr(method: string, url: string): Promise<Answer>;
  /** `count` requests at once; their statuses. */
  callMany(count: number, url: string): Promise<number[]>;
  doesSessionExist(): Promise<boolean>;
  getUserId(): Promise<string>;
  getPayload(): Promise<Record<string, unknown>>;
  getAccessToken(): Promise<string | undefined>;
  refresh(): Promise<boolean>;
  signOut(): Promise<void>;
  /** Names of the cookies that script can see, sorted. */
  scriptCookies(): string[];
  /** Deletes them, as a browser does that limits script cookies to seven days. */
  purgeScriptCookies(): void;
  /** Milliseconds added to this browser's clock. */
  clockOffsetMs: number;
}

interface PageClientOptions {
  apiDomain: string;
  tokenTransferMethod?: "cookie" | "header";
}

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  text: string;
}

declare global {
  interface Window {
    client: PageClient;
  }
}
