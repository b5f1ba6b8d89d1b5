import type { SessionApis } from "../config/session-options.js";
import { guardOrRefresh } from "./guard.js";
import { callOptions } from "./guard-options.js";
import { refreshSession } from "./refresh.js";
import type { SessionCore } from "./session-core.js";

/** Our endpoints as they are before anybody overrides them. */
export function defaultApis(core: () => SessionCore): SessionApis {
  return {
    refreshPOST: ({ exchange, userContext }) => refreshSession(core(), exchange, userContext),
    async signOutPOST({ session, userContext }) {
      await session.revokeSession(userContext);
      return { status: "OK" };
    },
    async verifySession({ exchange, options, userContext }) {
      return guardOrRefresh(core(), exchange, callOptions(core(), options), userContext);
    },
  };
}
