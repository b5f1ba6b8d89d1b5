import { consoleLogger, type Logger, safeLogger } from "@acme/session-core";
import type { LoopbackContext } from "./loopback-types.js";

/**
 * Tells once when LoopBack's own CORS layer still allows every origin: browsers send no cookies there, and whoever makes
 * it reflect the origin to mend that opens every session to every page.
 */
export function permissiveCorsWarning(logger: Logger | undefined): (ctx: LoopbackContext) => void {
  let hasLooked = false;
  return ({ response }) => {
    if (hasLooked) return;
    hasLooked = true;
    if (response.getHeader("access-control-allow-origin") !== "*") return;
    safeLogger(logger ?? consoleLogger).warn(
      "LoopBack allows requests from every origin, its default, and browsers then send no cookies. Name your website's " +
        'origin: new RestApplication({ rest: { cors: { origin: ["https://example.com"], credentials: true } } })',
    );
  };
}
