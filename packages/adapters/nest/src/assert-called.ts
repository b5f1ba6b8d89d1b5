import { invalidArgument } from "@acme/session-core/adapter";

/**
 * For what makes a decorator: `@VerifySession` without the call would be handed the class, or its method, and guard
 * nothing.
 *
 * @param given all that it was given
 * @throws SessionError `INVALID_ARGUMENT`
 */
export function assertCalled(name: string, given: readonly unknown[]): void {
  if (given.length < 2 && typeof given[0] !== "function") return;
  throw invalidArgument(
    `\`@${name}\` decorates nothing by itself: write \`@${name}()\`, which makes the decorator`,
  );
}
