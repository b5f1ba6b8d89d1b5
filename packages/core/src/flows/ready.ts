import { SessionError } from "../errors/session-error.js";
import { soonSettled } from "../runtime/maybe.js";
import type { SessionPlugin } from "../session/session-plugin.js";
import { StoreCause } from "../store/store-cause.js";
import type { SessionCore } from "./session-core.js";

/** No session has it: what is asked of it shows what may be done with sessions. */
const NOBODY = "0".repeat(32);

/**
 * Does beforehand what the first requests would wait for, and would fail at: the driver is found, the store answers, its
 * tables are there and may be changed, secret and signing key are made.
 *
 * @throws SessionError `STORE_UNAVAILABLE` whose message says what is wrong and what to do, with `cause`;
 *         `INVALID_OPTION`
 */
export async function ready(core: SessionCore, plugins: readonly SessionPlugin[]): Promise<void> {
  const { engine, config } = core;
  try {
    await config.loadSites();
    const nowMs = engine.clock.wallMs();
    await engine.store.getSession(NOBODY, nowMs);
    // They meet no row: an account that may only read would be found out by the first login.
    await engine.store.replaceSessionData(NOBODY, nowMs, "{}");
    await engine.store.deleteSessions([NOBODY], nowMs);
    await engine.secrets.primary();
    await engine.keys.signing();
    for (const { name, ready: isReady } of plugins) {
      if (isReady !== undefined) await soonSettled(`\`ready\` of the plugin ${name}`, isReady());
    }
  } catch (error) {
    throw explained(error);
  }
}

/** The error with its cause in its message, since it is read where a process did not start. */
function explained(error: unknown): unknown {
  if (!SessionError.is(error) || error.type !== "STORE_UNAVAILABLE") return error;
  const { cause } = error;
  if (!(cause instanceof StoreCause)) return error;
  const advice = cause.advice === undefined ? "" : ` ${cause.advice}`;
  return new SessionError({
    type: "STORE_UNAVAILABLE",
    message: `not ready, ${error.message}: ${cause.message.replace(/\.$/, "")}.${advice}`,
    cause,
    // Nothing that starts again and again mends it.
    ...(cause.isPermanent && { retryAfterMs: undefined }),
  });
}
