import { createSession } from "@acme/session-next";
import { onGlobal } from "./site.ts";

export function register(): void {
  onGlobal.browserSite = { createSession };
}
