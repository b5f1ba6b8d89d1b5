import type { ExpressRequest, ExpressResponse } from "@acme/session-express";

/** Headers of an ordinary browser request: 8 headers, 4 cookies, one of them the token. */
export function browserHeaders(accessToken: string): Record<string, string> {
  return {
    host: "api.example.com",
    "user-agent":
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
    accept: "application/json",
    "accept-language": "en-GB,en;q=0.9",
    "accept-encoding": "gzip, deflate, br",
    origin: "https://example.com",
    rid: "anti-csrf",
    cookie: `_ga=GA1.1.1234567890.1700000000; theme=dark; sAccessToken=${accessToken}; consent=yes`,
  };
}

/** A request as a framework hands it out; a new one each time, since sessions are remembered on it. */
export function makeRequest(headers: Record<string, string>): ExpressRequest {
  return { method: "GET", url: "/me", originalUrl: "/me", headers };
}

/** A response that takes headers and sends nothing. */
export function makeResponse(): ExpressResponse {
  const headers = new Map<string, number | string | string[]>();
  return {
    headersSent: false,
    writableEnded: false,
    statusCode: 200,
    setHeader: (name, value) => headers.set(name.toLowerCase(), value as string | string[]),
    getHeader: (name) => headers.get(name.toLowerCase()),
    removeHeader: (name) => headers.delete(name.toLowerCase()),
    end: () => {},
  };
}
