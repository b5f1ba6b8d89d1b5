import { fieldOf } from "./field-of.ts";

/** Who can sign in. */
const PEOPLE: readonly unknown[] = ["ada", "grace", "linus"];

/**
 * Who wants to sign in; a demo asks for no password.
 *
 * @param body of the request: `{ userId }`
 * @returns undefined when it is nobody we know
 */
export function personIn(body: unknown): string | undefined {
  const userId = fieldOf(body, "userId");
  return typeof userId === "string" && PEOPLE.includes(userId) ? userId : undefined;
}
