import { Fixture } from "./fixture.ts";
import { place, SLOT } from "./slot.ts";

let fixture: Fixture | undefined;

place[SLOT] = (options) => {
  fixture = new Fixture(options);
  return fixture;
};

/** For applications that are built once and started many times: the one that is being served. */
export function current(): Fixture {
  if (fixture === undefined) throw new Error("no application was started");
  return fixture;
}
