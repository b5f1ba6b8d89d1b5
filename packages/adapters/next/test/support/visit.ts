import { WireClient, type WireResponse } from "@acme/session-conformance";
import { Control } from "./control.js";

export const HOUR_MS = 3_600_000;

/** A fresh application whose website is the server itself, and a browser that has no session yet. */
export interface Visit {
  readonly control: Control;
  readonly user: WireClient;
  signIn(): Promise<void>;
}

export async function visit(origin: string): Promise<Visit> {
  const control = new Control(`${origin}/control`);
  await control.start({ isOwnWebsite: true, countsVerifications: true });
  const user = new WireClient(origin);
  return {
    control,
    user,
    async signIn() {
      await user.login("alice", { payload: { plan: "pro" } });
      await control.reset();
    },
  };
}

/** What a page of the fixture has found: the JSON in its only `<output>`. */
export function found({ body }: WireResponse): unknown {
  const [, text = "null"] = /<output>(.*?)<\/output>/s.exec(body) ?? [];
  return JSON.parse(text.replaceAll("&quot;", '"'));
}

/** Names of the cookies that a response sets. */
export const names = (response: WireResponse): string[] => response.setCookies.map(({ name }) => name).sort();
