import type { JoinedTransaction } from "./session-store.js";

/** Ends what was remembered: kept, or set back to how it was. */
export type Settle = (isKept: boolean) => void;

interface Layer {
  readonly transaction: JoinedTransaction;
  readonly settles: Settle[];
}

/**
 * What transactions of the application have changed of one thing, the newest last. Only the newest change is set back:
 * what somebody else wrote over it stays, and goes back, if it must, to what was there before both.
 */
export class TakeBack {
  #layers: readonly Layer[] = [];

  /**
   * Right before a change.
   *
   * @param transaction the one it belongs to; undefined: it is there to stay, and so is what it replaces
   * @param remember called unless `transaction` made the last change too
   */
  changing(transaction: JoinedTransaction | undefined, remember: () => Settle): void {
    if (transaction === undefined) {
      if (this.#layers.length > 0) this.#layers = [];
      return;
    }
    if (this.#layers.at(-1)?.transaction === transaction) return;
    const layer: Layer = { transaction, settles: [remember()] };
    this.#layers = [...this.#layers, layer];
    transaction.whenOver((isKept) => this.#settle(layer, isKept));
  }

  #settle(layer: Layer, isKept: boolean): void {
    const index = this.#layers.indexOf(layer);
    const above = this.#layers[index + 1];
    const isVoid = index >= 0 && !isKept;
    this.#layers = isVoid ? this.#layers.filter((other) => other !== layer) : this.#layers.slice(index + 1);
    if (isVoid && above !== undefined) above.settles.push(...layer.settles);
    else for (const settle of layer.settles) settle(!isVoid);
  }
}
