import { printable } from "../domain/labels.ts";
import type { Screen } from "./screen.ts";

/** Longer ones are shown to their beginning: PBS's and GitHub's words may be of any length. */
const LONGEST = 1_000;

/** What there is to say of some things of a list, a line each; the same thing of several is said once. */
export function notes(
  said: readonly { readonly of: string; readonly note: string | null }[],
  { color }: Screen,
): string[] {
  const subjects = new Map<string, string[]>();
  for (const { of, note } of said) {
    if (note !== null) subjects.set(note, [...(subjects.get(note) ?? []), of]);
  }
  return [...subjects].map(([note, [first = "", ...others]]) => {
    const more = others.length === 0 ? "" : ` and ${others.length} more`;
    return `  ${color.bold(`${first}${more}`)}: ${printable(note, LONGEST)}`;
  });
}
