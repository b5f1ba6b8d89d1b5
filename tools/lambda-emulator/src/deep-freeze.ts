/** As the service hands an event on: plain JSON. Frozen, so that nobody who writes to it goes unnoticed. */
export function asFrozenJson(event: object): object {
  return deepFreeze(JSON.parse(JSON.stringify(event)) as object);
}

function deepFreeze<T extends object>(value: T): T {
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}
