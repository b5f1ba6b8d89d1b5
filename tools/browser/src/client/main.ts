import * as Session from "supertokens-website";
import type { Answer, CallOptions, PageClient } from "./page-client.ts";

function requestOf(method: string, { body, headers }: CallOptions = {}): RequestInit {
  return body === undefined
    ? { method, ...(headers && { headers }) }
    : { method, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

const client: PageClient = {
  events: [],
  clockOffsetMs: 0,

  init({ apiDomain, tokenTransferMethod = "cookie" }) {
    Session.init({
      apiDomain,
      tokenTransferMethod,
      onHandleEvent: ({ userContext: _, ...event }) => client.events.push(event),
    });
  },

  async call(method, url, options): Promise<Answer> {
    const response = await fetch(url, requestOf(method, options));
    return { status: response.status, text: await response.text() };
  },

  callXhr: (method, url) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open(method, url);
      request.addEventListener("load", () => resolve({ status: request.status, text: request.responseText }));
      request.addEventListener("error", () => reject(new Error("network error")));
      request.send();
    }),

  async callMany(count, url) {
    const responses = await Promise.all(Array.from({ length: count }, () => fetch(url)));
    return responses.map(({ status }) => status);
  },

  doesSessionExist: () => Session.doesSessionExist(),
  getUserId: () => Session.getUserId(),
  getPayload: () => Session.getAccessTokenPayloadSecurely(),
  getAccessToken: () => Session.getAccessToken(),
  refresh: () => Session.attemptRefreshingSession(),
  signOut: () => Session.signOut(),

  scriptCookies: () =>
    document.cookie
      .split("; ")
      .filter((pair) => pair !== "")
      .map((pair) => pair.slice(0, pair.indexOf("=")))
      .sort(),

  purgeScriptCookies() {
    for (const name of client.scriptCookies()) {
      // biome-ignore lint/suspicious/noDocumentCookie: the client keeps its state there
      document.cookie = `${name}=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT`;
    }
  },
};

// The clock of this machine, moved. The client itself reads it nowhere else.
const systemNowMs = Date.now;
Date.now = () => systemNowMs() + client.clockOffsetMs;

window.client = client;
