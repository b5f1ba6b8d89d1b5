import { element, make } from "./elements.ts";

const MAX_LINES = 60;

/** A line of the log: a status or a short word, and a sentence. Newest first; screen readers hear each as it comes. */
export function log(mark: number | string, text: string): void {
  const isBad = typeof mark === "number" ? mark >= 400 : mark === "!";
  const isGood = typeof mark === "number" && mark < 400;
  const line = make(
    "li",
    { className: isBad ? "bad" : isGood ? "good" : "" },
    make("span", { className: "status" }, String(mark)),
    " ",
    make("span", {}, text),
  );
  const list = element("log");
  list.prepend(line);
  while (list.childElementCount > MAX_LINES) list.lastElementChild?.remove();
}
