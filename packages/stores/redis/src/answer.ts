import { RedisFailure } from "./redis-failure.js";

/** What a script gives, as the store reads it: numbers are texts, whatever the client makes of them. */
export type Answer = string | null | readonly Answer[];

/**
 * Takes an answer in whatever form a client hands it over: numbers as numbers, texts or bigints, texts as bytes, in RESP2 or
 * RESP3, as its options say (`stringNumbers`, `typeMapping` …).
 *
 * @throws RedisFailure when it is none of that: nothing that is not understood may pass for "not there"
 */
export function answerOf(value: unknown): Answer {
  if (typeof value === "string" || value === null) return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return value.map(answerOf);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof String || value instanceof Number) return String(value);
  throw unreadable();
}

/** @throws RedisFailure */
export function listOf(answer: Answer | undefined): readonly Answer[] {
  if (Array.isArray(answer)) return answer;
  throw unreadable();
}

/** @throws RedisFailure */
export function textsOf(answer: Answer | undefined): string[] {
  return listOf(answer).map(textOf);
}

/** @throws RedisFailure */
export function textOf(answer: Answer | undefined): string {
  if (typeof answer === "string") return answer;
  throw unreadable();
}

/** A whole number. @throws RedisFailure */
export function countOf(answer: Answer | undefined): number {
  const count = Number(textOf(answer));
  if (Number.isSafeInteger(count)) return count;
  throw unreadable();
}

function unreadable(): RedisFailure {
  return new RedisFailure(
    undefined,
    "UNREADABLE_ANSWER",
    "never",
    "the client gave back something that is no answer to a script: give a client that does not change replies",
  );
}
