import type { TabAnswer, TabTask } from "./second-tab.ts";

/** Two tabs, each with a client of its own, as frames nobody sees. */
export class TwoTabs {
  readonly #frames: HTMLIFrameElement[];

  private constructor(frames: HTMLIFrameElement[]) {
    this.#frames = frames;
  }

  static async open(): Promise<TwoTabs> {
    return new TwoTabs(await Promise.all([openFrame("First tab"), openFrame("Second tab")]));
  }

  /** Gives both the same task at the same moment. */
  both(task: TabTask): Promise<TabAnswer[]> {
    return Promise.all(this.#frames.map((frame) => ask(frame, task)));
  }

  close(): void {
    for (const frame of this.#frames) frame.remove();
  }
}

function openFrame(title: string): Promise<HTMLIFrameElement> {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.title = title;
    frame.hidden = true;
    frame.src = "/tab.html";
    addEventListener("message", function ready({ source }) {
      if (source !== frame.contentWindow) return;
      removeEventListener("message", ready);
      resolve(frame);
    });
    document.body.append(frame);
  });
}

function ask(frame: HTMLIFrameElement, task: TabTask): Promise<TabAnswer> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<TabAnswer>) => resolve(data);
    frame.contentWindow?.postMessage(task, location.origin, [port2]);
  });
}
