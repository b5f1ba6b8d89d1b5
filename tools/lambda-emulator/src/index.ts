export type { AuthorizerFormat } from "./authorize.ts";
export { asFrozenJson } from "./deep-freeze.ts";
export { createEmulator, type Emulator, type EmulatorOptions, startEmulator } from "./emulator.ts";
export type { Invoker } from "./make-event.ts";
