import type { RefreshTokenLife, TokenHistory } from "./history.ts";

const SVG = "http://www.w3.org/2000/svg";
const LANE_HEIGHT = 46;
const TOP = 8;
const AXIS_HEIGHT = 26;
/** Shown lanes, always the same number so that nothing jumps. */
const LANES = 4;
const SECOND_MS = 1000;
/** Enough for "refresh token 12 · abcdef". */
const LABEL_WIDTH = 142;

/** Lifelines of the last refresh tokens and of the access tokens that came with them, up to now and a little beyond. */
export class TokenPicture {
  readonly #svg: SVGSVGElement;
  readonly #host: HTMLElement;
  readonly #graceMs: number;

  constructor(host: HTMLElement, graceMs: number) {
    this.#host = host;
    this.#graceMs = graceMs;
    this.#svg = document.createElementNS(SVG, "svg");
    this.#svg.setAttribute("role", "img");
    host.append(this.#svg);
  }

  draw(history: TokenHistory, nowMs: number): void {
    const width = Math.max(this.#host.clientWidth, 280);
    const isNarrow = width < 560;
    const [pastSeconds, aheadSeconds] = isNarrow ? [40, 22] : [80, 25];
    const fromMs = nowMs - pastSeconds * SECOND_MS;
    const toMs = nowMs + aheadSeconds * SECOND_MS;
    const x = (timeMs: number) => ((timeMs - fromMs) / (toMs - fromMs)) * width;
    const bottom = TOP + LANES * LANE_HEIGHT;
    const shapes: SVGElement[] = [];
    const labels: SVGElement[] = [];
    const add: Add = (name, attributes, text) => {
      const list = text === undefined ? shapes : labels;
      list.push(shape(name, attributes, text));
    };

    for (const jump of history.jumps) {
      const left = Math.max(x(jump.fromMs), 0);
      const right = Math.min(x(jump.toMs), width);
      if (right <= 0) continue;
      add("rect", { class: "jump", x: left, y: TOP, width: right - left, height: bottom - TOP });
    }
    for (let second = -pastSeconds; second <= aheadSeconds; second += 10) {
      const at = x(nowMs + second * SECOND_MS);
      add("line", { class: "tick", x1: at, x2: at, y1: TOP, y2: bottom });
      const isEdge = at < 16 || at > width - 16;
      if (second !== 0 && !isEdge) {
        add(
          "text",
          { class: "tick-label", x: at, y: bottom + 17 },
          `${second > 0 ? "+" : "−"}${Math.abs(second)} s`,
        );
      }
    }

    const lives = history.lives.slice(-LANES);
    for (const [lane, life] of lives.entries()) {
      this.#drawLane(add, life, TOP + lane * LANE_HEIGHT, { x, nowMs, fromMs, history, width });
    }
    lives.slice(1).forEach((life, index) => {
      const at = x(life.mintedMs);
      if (at < 0) return;
      const start = TOP + index * LANE_HEIGHT + 36;
      add("line", { class: "birth", x1: at, x2: at, y1: start, y2: start + LANE_HEIGHT });
    });

    const now = x(nowMs);
    add("line", { class: "now", x1: now, x2: now, y1: TOP - 4, y2: bottom + 4 });
    add("text", { class: "now-label", x: now, y: bottom + 17 }, "now");
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${bottom + AXIS_HEIGHT}`);
    this.#svg.setAttribute("aria-label", describe(history, nowMs));
    this.#svg.replaceChildren(...shapes, ...labels);
  }

  #drawLane(
    add: Add,
    life: RefreshTokenLife,
    top: number,
    { x, nowMs, fromMs, history, width }: Frame,
  ): void {
    const endMs = Math.min(history.endedMs ?? nowMs, nowMs);
    const bar = { y: top + 16, height: 13, rx: 4 };
    const refreshY = top + 36;
    const usedUntilMs = Math.min(life.replacedMs ?? endMs, endMs);
    const segment = (className: string, startMs: number, stopMs: number) => {
      const left = x(Math.max(startMs, fromMs));
      const right = Math.min(x(stopMs), width);
      if (right > left) add("line", { class: className, x1: left, x2: right, y1: refreshY, y2: refreshY });
    };
    segment("refresh", life.mintedMs, usedUntilMs);
    if (life.replacedMs !== undefined) {
      segment("grace", usedUntilMs, Math.min(life.replacedMs + this.#graceMs, endMs));
    }

    for (const token of life.accessTokens) {
      const stopMs = Math.min(
        token.replacedMs ?? token.expiresMs,
        token.expiresMs,
        history.endedMs ?? token.expiresMs,
      );
      const lived = Math.min(stopMs, nowMs);
      const left = x(Math.max(token.mintedMs, fromMs));
      if (x(lived) > left) add("rect", { ...bar, class: "access", x: left, width: x(lived) - left });
      const isCurrent = token.replacedMs === undefined && history.endedMs === undefined;
      if (isCurrent && token.expiresMs > nowMs) {
        const right = Math.min(x(token.expiresMs), width - 1);
        add("rect", { ...bar, class: "ahead", x: x(nowMs), width: right - x(nowMs) });
      }
    }
    for (const call of life.calls) {
      if (call.atMs < fromMs) continue;
      const className = call.status < 400 ? "call" : "refused";
      add("circle", { class: className, cx: x(call.atMs), cy: bar.y + bar.height / 2, r: 3.2 });
    }
    const labelX = Math.min(Math.max(x(life.mintedMs) + 5, 2), width - LABEL_WIDTH);
    add(
      "text",
      { class: "lane-label", x: labelX, y: top + 11 },
      `refresh token ${life.number} · ${life.name}`,
    );
    const isLast = history.lives.at(-1) === life;
    if (isLast && history.endedMs !== undefined) {
      add("text", { class: "ended", x: x(history.endedMs), y: refreshY + 5 }, "✕");
    }
  }
}

type Add = (name: string, attributes: Record<string, string | number>, text?: string) => void;

interface Frame {
  x(timeMs: number): number;
  nowMs: number;
  fromMs: number;
  history: TokenHistory;
  width: number;
}

function describe(history: TokenHistory, nowMs: number): string {
  const life = history.lives.at(-1);
  const token = life?.accessTokens.at(-1);
  if (life === undefined || token === undefined) return "No tokens yet.";
  const seconds = Math.round((token.expiresMs - nowMs) / SECOND_MS);
  const expiry = seconds > 0 ? `expires in ${seconds} seconds` : "has expired";
  return `Refresh token number ${life.number} is in use; its access token ${expiry}.`;
}

function shape(name: string, attributes: Record<string, string | number>, text?: string): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, typeof value === "number" ? value.toFixed(1) : value);
  }
  if (text !== undefined) element.textContent = text;
  return element;
}
