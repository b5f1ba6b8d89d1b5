/** The part of vitest, node:test, mocha or jest that is used. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): unknown;
  it: ((name: string, body: () => Promise<void>) => unknown) & {
    skip(name: string, body: () => Promise<void>): unknown;
  };
}
