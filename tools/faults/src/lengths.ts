/** How far a row goes. */
export interface Lengths {
  /** F06. */
  readonly resetsForMs: number;
  /** F08: every point at which a process can die, or the last before and after the store's work. */
  readonly everyFailPoint: boolean;
  /** F09. */
  readonly stoppedForMs: number;
  /** F52. */
  readonly kills: number;
  /** L-05. */
  readonly rounds: number;
  /** L-12. */
  readonly firstBoots: number;
  readonly rotatingForMs: number;
  /** F46–F48. */
  readonly outagesMs: readonly number[];
}

/** `npm test`: seconds. */
export const brief: Lengths = {
  resetsForMs: 2_000,
  everyFailPoint: false,
  stoppedForMs: 2_500,
  kills: 3,
  rounds: 3,
  firstBoots: 1,
  rotatingForMs: 5_000,
  outagesMs: [3_000],
};

/** `npm run faults`: a few minutes per store. */
export const usual: Lengths = {
  resetsForMs: 20_000,
  everyFailPoint: true,
  stoppedForMs: 20_000,
  kills: 50,
  rounds: 100,
  firstBoots: 5,
  rotatingForMs: 20_000,
  outagesMs: [3_000],
};

/** `npm run faults -- --long`: what security.md §21 and §22 ask for, about an hour per store. */
export const long: Lengths = {
  resetsForMs: 600_000,
  everyFailPoint: true,
  stoppedForMs: 60_000,
  kills: 1_000,
  rounds: 1_000,
  firstBoots: 50,
  rotatingForMs: 600_000,
  outagesMs: [3_000, 30_000],
};
