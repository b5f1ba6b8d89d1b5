import type { Logger } from "../../src/index.js";

/** A logger that keeps its warnings. */
export function recordingLogger(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = [];
  return { warnings, logger: { debug() {}, info() {}, warn: (message) => void warnings.push(message) } };
}
