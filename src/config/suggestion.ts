/** The known word that was most likely meant, or `null` when none is near. Case, `-` and `_` do not count. */
export function suggest(word: string, known: readonly string[]): string | null {
  const wanted = fold(word).slice(0, LONGEST_WORD);
  const ranked = known
    .map((candidate) => ({ candidate, distance: distance(wanted, fold(candidate)) }))
    .toSorted((a, b) => a.distance - b.distance);
  const [best] = ranked;
  // A third of the word wrong is still a slip; more is another word.
  if (best === undefined || best.distance > Math.max(1, Math.floor(wanted.length / 3))) return null;
  return best.candidate;
}

/** Bounds the work for absurdly long keys. */
const LONGEST_WORD = 64;

function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[-_\s]/g, "");
}

/** Levenshtein's: how many letters must be put in, left out or changed. */
function distance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of Array.from(from).entries()) {
    const current = [row + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const change = (previous[column] ?? 0) + (letter === other ? 0 : 1);
      current.push(Math.min(change, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
