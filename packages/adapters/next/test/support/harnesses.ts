import type { AdapterHarness } from "@acme/session-conformance";
import { Control } from "./control.js";

const withoutErrorHook = "Next answers foreign errors itself and puts nobody's headers on it";

/**
 * The fixture in route handlers of the app router.
 *
 * @param origin where it listens, once it does
 */
export const routeHandlers = (id: string, origin: () => string): AdapterHarness => ({
  id,
  without: { "foreign-throw-cookies": withoutErrorHook },
  async start(options) {
    const control = new Control(`${origin()}/control`);
    await control.start(options);
    return { origin: origin(), probe: control, close: () => control.stop() };
  },
});

/**
 * The fixture in API routes of the pages router: everything stands below `/api/pages`.
 *
 * @param origin where it listens, once it does
 */
export const apiRoutes = (id: string, origin: () => string): AdapterHarness => ({
  id,
  async start(options) {
    const control = new Control(`${origin()}/api/control`);
    await control.start(options);
    return { origin: `${origin()}/api/pages`, probe: control, close: () => control.stop() };
  },
});
