/** Door of `@acme/session-conformance`: what a store must do, as data for any test runner. */
export {
  type ConformanceRunner,
  runStoreConformance,
  type StoreConformanceOptions,
} from "./store/run-store-conformance.js";
export type {
  MakeStore,
  StoreCapabilities,
  StoreCase,
  StoreContext,
  StoreUnderTest,
} from "./store/store-case.js";
export { runStoreCase, storeConformanceCases } from "./store/store-conformance-cases.js";
