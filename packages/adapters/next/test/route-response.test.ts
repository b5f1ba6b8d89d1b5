import { expect, it } from "vitest";
import { RouteResponse } from "../src/route-response.js";

const answers = [
  ["the handler's response", (response: RouteResponse) => response.onto(new Response("ok"))],
  ["an answer of ours", (response: RouteResponse) => response.finish(null)],
] as const;

it.each(answers)(
  "on what Next gives to everybody nothing goes that is for one visitor: %s",
  (_name, send) => {
    const held = (isForEverybody: boolean): RouteResponse => {
      const response = new RouteResponse();
      response.hold(isForEverybody);
      response.setHeader("st-access-token", "token");
      return response;
    };
    expect(() => send(held(true))).toThrow('under `dynamic = "force-static"`');
    expect(send(held(false)).headers.get("st-access-token")).toBe("token");
  },
);
