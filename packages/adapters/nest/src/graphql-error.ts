import type { AnySessionError } from "@acme/session-core";
import type { ErrorAnswer } from "@acme/session-core/adapter";
import type { Call } from "./calls.js";
import { NestExchangeResponse } from "./nest-exchange-response.js";
import type { FieldInfo } from "./nest-types.js";
import { markAsAnswer } from "./session-error-in.js";

/** What GraphQL clients branch on; every other error goes by its own type. */
const CODES: { readonly [T in AnySessionError["type"]]?: string } = {
  UNAUTHORISED: "UNAUTHENTICATED",
  TRY_REFRESH_TOKEN: "UNAUTHENTICATED",
  TOKEN_THEFT_DETECTED: "UNAUTHENTICATED",
  INVALID_CLAIMS: "FORBIDDEN",
  CSRF_REJECTED: "FORBIDDEN",
};

/**
 * An error of ours as GraphQL tells it: the text of its HTTP answer, and its type in the extensions, where every
 * implementation looks for them. The error itself is its cause.
 */
export function graphqlError(error: AnySessionError, answer: ErrorAnswer): Error {
  const told = new Error(String(answer.body.message), { cause: error });
  // For the log: it names where the error came from.
  if (error.stack !== undefined) told.stack = error.stack;
  const extensions = { code: CODES[error.type] ?? error.type, session: extensionOf(error) };
  return Object.assign(markAsAnswer(told), { extensions });
}

/** What a client may know of an error beyond its text. */
export function extensionOf(error: AnySessionError): { type: string; payload?: unknown } {
  return { type: error.type, ...(error.type === "INVALID_CLAIMS" ? { payload: error.payload } : {}) };
}

/**
 * GraphQL answers errors with 200, and a client that refreshes by itself would not know that it has to. Whoever says
 * that it is one gets the status it waits for, if the operation may then be repeated.
 */
export function askForRefresh({ exchange, field }: Call, status: number): void {
  if (field === undefined || exchange.req.header("st-auth-mode") === undefined) return;
  const { body } = field.context.req as { body?: unknown };
  if (Array.isArray(body) || !isRepeatable(field.info)) return;
  if (exchange.res instanceof NestExchangeResponse) exchange.res.insistOnStatus(status);
}

/** Whether nothing has happened yet: a query, or a mutation that asks for nothing but this field. */
function isRepeatable({ operation, path }: FieldInfo): boolean {
  if (operation.operation === "query") return true;
  const { selections } = operation.selectionSet;
  return path.prev === undefined && selections.length === 1 && selections[0]?.kind === "Field";
}
