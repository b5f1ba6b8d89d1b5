/** Door of `@acme/session-conformance`: what a store and an adapter must do, as data for any test runner. */
export type { AdapterCase, AdapterContext } from "./adapter/adapter-case.js";
export { adapterConformanceCases, runAdapterCase } from "./adapter/adapter-conformance-cases.js";
export { CANONICAL_CONTENT_TYPE, canonicalAnswers } from "./adapter/canonical-answers.js";
export { FixtureApp, WEBSITE_ORIGIN } from "./adapter/fixture-app.js";
export type { FixtureExchange, FixtureReply, FixtureRoute } from "./adapter/fixture-route.js";
export type {
  AdapterHarness,
  Capability,
  HarnessOptions,
  Probe,
  ProbeSnapshot,
  RunningApp,
} from "./adapter/harness.js";
export { optionForms } from "./adapter/option-forms.js";
export { runAdapterConformance } from "./adapter/run-adapter-conformance.js";
export { type Guarding, type MisuseSubject, runAdapterMisuse } from "./adapter/run-adapter-misuse.js";
export type { SetCookie } from "./adapter/set-cookie.js";
export { WireClient } from "./adapter/wire-client.js";
export {
  exchange,
  type OpenResponse,
  open,
  type RequestHeaders,
  start,
  type WireRequest,
  WireResponse,
} from "./adapter/wire-request.js";
export type { ConformanceRunner } from "./conformance-runner.js";
export {
  type MakeRoleStore,
  type RoleCase,
  type RoleContext,
  type RoleStoreUnderTest,
  rolesIn,
} from "./roles/role-case.js";
export { roleConformanceCases, runRoleCase } from "./roles/role-conformance-cases.js";
export {
  type RoleStoreConformanceOptions,
  runRoleStoreConformance,
} from "./roles/run-role-store-conformance.js";
export type {
  JoinedApplication,
  JoinedCase,
  JoinedServer,
  LentConnection,
  Witness,
} from "./server/joined-case.js";
export { joinedConformanceCases } from "./server/joined-conformance-cases.js";
export { livePromotion, liveSession } from "./server/live-session.js";
export {
  runJoinedConformance,
  runServerStoreConformance,
  type ServerStoreConformanceOptions,
} from "./server/run-server-store-conformance.js";
export type { Line, ServerCase, StoreServer } from "./server/server-case.js";
export { runServerCase, serverConformanceCases } from "./server/server-conformance-cases.js";
export { runStoreConformance, type StoreConformanceOptions } from "./store/run-store-conformance.js";
export type {
  MakeStore,
  StoreCapabilities,
  StoreCase,
  StoreContext,
  StoreUnderTest,
} from "./store/store-case.js";
export { runStoreCase, storeConformanceCases } from "./store/store-conformance-cases.js";
