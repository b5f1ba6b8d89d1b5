import { callAside } from "./aside.js";

/**
 * Where the engine writes what an operator or developer should read. Texts never hold a token, a secret or a
 * payload, and never a raw control character from a request. A method may be asynchronous, and may fail: nobody waits
 * for it, and nothing fails with it.
 */
export interface Logger {
  /** One line per decision, with option `debug` only. */
  debug?(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  /** For mistakes that do not pass by themselves; without it they go to `warn`. */
  error?(message: string): void;
}

/** A logger as the engine uses it: every method is there, and none throws. */
export interface SafeLogger extends Required<Logger> {}

/** The application's logger, called so that nothing it does reaches the caller. Methods are looked up at each call. */
export function safeLogger(logger: Logger): SafeLogger {
  const call = (write: () => unknown): void => callAside(write, () => {});
  return {
    debug: (message) => call(() => logger.debug?.(message)),
    info: (message) => call(() => logger.info(message)),
    warn: (message) => call(() => logger.warn(message)),
    error: (message) =>
      call(() => (logger.error === undefined ? logger.warn(message) : logger.error(message))),
  };
}

export const silentLogger: SafeLogger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export const consoleLogger: SafeLogger = {
  debug: (message) => console.debug(message),
  info: (message) => console.info(message),
  warn: (message) => console.warn(message),
  error: (message) => console.error(message),
};
