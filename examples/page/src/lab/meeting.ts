/** Longest wait for somebody who does not come. */
const PATIENCE_MS = 2000;

/** Where the first few wait until all of them are there. Whoever comes later goes straight on. */
export class Meeting {
  #missing: number;
  #open: () => void = () => {};
  readonly #complete: Promise<void>;

  constructor(size: number) {
    this.#missing = size;
    this.#complete = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  async arrive(): Promise<void> {
    this.#missing--;
    if (this.#missing <= 0) this.#open();
    let timer: NodeJS.Timeout | undefined;
    const impatient = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await Promise.race([this.#complete, impatient]);
    clearTimeout(timer);
  }
}
