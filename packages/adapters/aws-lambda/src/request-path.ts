import { contextOf, type EventKind } from "./event-kind.js";
import type { LambdaEvent } from "./lambda-event.js";

/** What stands in front of our endpoints in an event, but not in `apiBasePath`. */
export interface PathRules {
  /** As `apiBasePath` says, without the gateway's part: `/auth`. */
  readonly basePath: string;
  /** E.g. the key of an API mapping: `/v1`. */
  readonly stripPrefix: string | undefined;
}

/**
 * The path of a request as the application has it. HTTP APIs put the name of the stage in front, unless it is
 * `$default`; REST APIs never do. A stage that is named like our base path is left where it is.
 */
export function pathOf(event: LambdaEvent, kind: EventKind, rules: PathRules): string {
  const path = (kind === "http-2.0" ? event.rawPath : event.path) ?? "/";
  if (rules.stripPrefix !== undefined && isBelow(path, rules.stripPrefix)) {
    return path.slice(rules.stripPrefix.length) || "/";
  }
  if (kind !== "http-1.0" && kind !== "http-2.0") return path;
  const { stage } = contextOf(event);
  if (stage === undefined || stage === "" || stage === "$default") return path;
  const prefix = `/${stage}`;
  if (!isBelow(path, prefix) || isBelow(path, rules.basePath)) return path;
  return path.slice(prefix.length) || "/";
}

/** Whether a path is `prefix`, or goes on after it with a slash: `/dev` is not in front of `/developers`. */
function isBelow(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === "/");
}
