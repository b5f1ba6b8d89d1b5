/** Opt-in: `@authenticate("session")` of `@loopback/authentication`, which has to be installed for it. */
export { ANONYMOUS, sessionStrategy } from "./session-strategy.js";
