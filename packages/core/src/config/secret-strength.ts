/** Bits below which a secret was typed rather than made; 32 hexadecimal digits from a random source have over 100. */
const MIN_BITS = 80;

/**
 * A cheap estimate from above: what repeats counts once, what counts up or down counts for nothing, and the rest by how
 * often each character occurs (Shannon). It finds `"a" × 32`, not a phrase out of a book.
 */
export function isGuessable(secret: string): boolean {
  const unit = secret.slice(0, periodOf(secret));
  return bitsIn(unit) < MIN_BITS || isMostlySteps(secret);
}

/** Length of what the text repeats, also where the last repetition is cut off; its own where it repeats nothing. */
function periodOf(text: string): number {
  for (let length = 1; length <= text.length / 2; length += 1) {
    if (text.slice(length) === text.slice(0, -length)) return length;
  }
  return text.length;
}

function bitsIn(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits += count * Math.log2(text.length / count);
  return bits;
}

function isMostlySteps(text: string): boolean {
  let steps = 0;
  for (let index = 1; index < text.length; index += 1) {
    if (Math.abs(text.charCodeAt(index) - text.charCodeAt(index - 1)) <= 1) steps += 1;
  }
  return steps > (text.length * 2) / 3;
}
