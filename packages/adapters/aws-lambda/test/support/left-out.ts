const results = "results are values: a function sends nothing before it has returned";

/** What no function has, and why. */
export const WITHOUT = { stream: results, abort: "a function does not hear of a client that goes away" };

/** Cases that cannot hold in any function, and why. */
export const BUFFERED = {
  "C-81": "the service reads the whole body, within its own limits, before it invokes the function",
};
