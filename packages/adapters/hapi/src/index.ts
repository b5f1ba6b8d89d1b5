export * from "@acme/session-core";
/** `Error`, under the name that code written for other SDKs of this family imports. */
export { SessionError as Error } from "@acme/session-core";
export {
  createSession,
  type GuardMethod,
  type HapiSession,
  type HapiSessionOptions,
} from "./create-session.js";
export type { HapiRequestLike, HapiResponseLike, ToolkitLike } from "./hapi-types.js";
