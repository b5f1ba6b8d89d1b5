/**
 * Where the engine writes what an operator or developer should read. Texts never hold a token, a secret or a
 * payload, and never a raw control character from a request.
 */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}

export const silentLogger: Logger = { debug: () => {}, info: () => {}, warn: () => {} };

export const consoleLogger: Logger = {
  debug: () => {},
  info: (message) => console.info(message),
  warn: (message) => console.warn(message),
};
