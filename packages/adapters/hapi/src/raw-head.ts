import type { NodeServerResponse, ResponseHead } from "@acme/session-core/adapter";

/** The head of Node's response, with what hapi has put there. */
export function rawHead(res: NodeServerResponse): ResponseHead {
  return {
    getHeader(name) {
      const value = res.getHeader(name);
      return value === undefined ? undefined : String(value);
    },
    setHeader: (name, value) => void res.setHeader(name, value),
    appendSetCookie(line) {
      const present = res.getHeader("set-cookie") ?? [];
      res.setHeader("set-cookie", [present, line].flat().map(String));
    },
  };
}
