/** PBS's size units, each 1024 times the one before. Words (`kw`, `mw`) are left out: their size is the machine's. */
const UNITS = ["b", "kb", "mb", "gb", "tb", "pb"] as const;

/** The largest size that PBS and we count without loss, in bytes. */
const LARGEST = Number.MAX_SAFE_INTEGER;

/**
 * Reads a size as PBS writes it: `16gb`, `512mb`. A bare number is refused: PBS reads it as bytes, people mean megabytes.
 *
 * @returns bytes, or `null` when the text is no size, or one beyond 2^53 bytes.
 */
export function parseSize(text: string): number | null {
  const [, digits = "", unit = ""] = /^(\d{1,16})([kmgtp]?b)$/.exec(text.toLowerCase()) ?? [];
  const power = UNITS.findIndex((each) => each === unit);
  if (power === -1) return null;
  const bytes = Number(digits) * 1024 ** power;
  return bytes <= LARGEST ? bytes : null;
}

/** In the largest unit that needs no fraction: `16gb`, `1536mb`. */
export function formatSize(bytes: number): string {
  let amount = bytes;
  let power = 0;
  while (amount >= 1024 && amount % 1024 === 0 && power < UNITS.length - 1) {
    amount /= 1024;
    power += 1;
  }
  return `${amount}${UNITS[power] ?? "b"}`;
}
