import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is: `CHROMIUM_PATH`, or one of the usual places. */
const executablePath = [process.env.CHROMIUM_PATH, ...PLACES].find((path) => path && existsSync(path));

/** Why browser tests cannot run here; undefined when they can. In CI they have to, so there is never a reason. */
export const reasonWithoutBrowser: string | undefined =
  executablePath === undefined && !process.env.CI
    ? `no Chromium (looked at CHROMIUM_PATH, ${PLACES.join(", ")}); on Debian: apt-get install chromium`
    : undefined;

if (reasonWithoutBrowser) console.log(`Browser tests are left out: ${reasonWithoutBrowser}.`);

/** A headless Chromium with a fresh profile. @throws Error when there is none */
export function openChromium(): Promise<Browser> {
  if (executablePath === undefined) {
    throw new Error("These tests need Chromium: install it, or set CHROMIUM_PATH.");
  }
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}
