/** Whether `NODE_ENV` says production. Runtimes without `process` count as development. */
export function isProduction(): boolean {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.NODE_ENV === "production";
}
