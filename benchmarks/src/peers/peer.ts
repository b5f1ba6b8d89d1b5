import type { JsonWebKey } from "node:crypto";
import type { Case } from "../measure.ts";

/** Another package that answers "who is this request from?", made ready. */
export interface Peer {
  cases: Case[];
  close(): Promise<void> | void;
}

/** A token that our engine minted, with what is needed to verify it by other means. */
export interface SignedToken {
  token: string;
  algorithm: "ES256" | "RS256" | "EdDSA";
  userId: string;
  /** The public key alone. */
  jwk: JsonWebKey & { kid: string };
}

/**
 * A case that asks `ask` for the user `count` times. It is asked once beforehand: a peer that does not find the user it
 * should find measures nothing.
 *
 * @throws Error when another user, or none, is found
 */
export async function asking(
  name: string,
  userId: string,
  ask: () => Promise<string | undefined> | string | undefined,
): Promise<Case> {
  const found = await ask();
  if (found !== userId) throw new Error(`${name} found the user ${found} and not ${userId}`);
  return {
    name,
    async run(count) {
      for (let i = 0; i < count; i++) {
        const answer = ask();
        const user = answer instanceof Promise ? await answer : answer;
        if (user !== userId) throw new Error(`${name} lost its user`);
      }
    },
  };
}
