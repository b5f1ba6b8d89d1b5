import { consoleLogger, type Logger, safeLogger } from "@acme/session-core";
import { invalidOption, isProduction } from "@acme/session-core/adapter";

const SETTING = "lambda.multi_value_headers.enabled";
const ADVICE = `the load balancer in front of this function takes a single Set-Cookie header; set ${SETTING} of its target group to true, or hand tokens out in headers (tokenTransfer: "header")`;
const IS_CLEARING = /; Expires=Thu, 01 Jan 1970/i;

/**
 * A load balancer without multi-value headers can be told of one cookie only, and lines joined into one would be a
 * cookie that nobody has set. So this is an error of the configuration; in production the access token goes out,
 * which signs in until it expires, and the log says so once.
 */
export class OneCookie {
  readonly #logger: Logger;
  #hasWarned = false;

  constructor(logger: Logger | undefined) {
    this.#logger = safeLogger(logger ?? consoleLogger);
  }

  /**
   * @param applications how many of the lines, the first ones, are the application's
   * @throws SessionError `INVALID_OPTION` outside of production
   */
  choose(lines: readonly string[], applications: number): string {
    if (!isProduction()) throw invalidOption(SETTING, ADVICE);
    if (!this.#hasWarned) this.#logger.warn(ADVICE);
    this.#hasWarned = true;
    const ours = lines.slice(applications);
    const candidates = ours.length > 0 ? ours : lines;
    return candidates.find((line) => !IS_CLEARING.test(line)) ?? candidates[0] ?? "";
  }
}
