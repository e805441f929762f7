/**
 * The strings of `runs-on` as GitHub compares them: without regard to case, order or repetition
 * (GitHub stores a JIT runner's labels in lower case and loses their order).
 * Always lower-cased, sorted and free of duplicates; made only by {@link toLabelSet}.
 */
export type LabelSet = readonly string[];

/** Normalizes labels as they come from a payload or a configuration. */
export function toLabelSet(labels: readonly string[]): LabelSet {
  return [...new Set(labels.map((label) => label.toLowerCase()))].toSorted();
}

/** GitHub's routing rule: a runner serves a job if its labels include all the job's labels. */
export function includesAll(offered: LabelSet, wanted: LabelSet): boolean {
  return wanted.every((label) => offered.includes(label));
}

/** How a label set is shown to people: `[derecho, self-hosted]`. Outsiders' text: bounded, control characters escaped. */
export function showLabels(labels: LabelSet): string {
  const shown = labels.slice(0, 10).map((label) => printable(label, 60));
  return `[${shown.join(", ")}${labels.length > 10 ? `, and ${labels.length - 10} more` : ""}]`;
}

/** Outsiders' text as one safe line: control and invisible formatting characters escaped, at most `most` characters. */
export function printable(text: string, most: number): string {
  const cut = text.length > most ? `${text.slice(0, most)}…` : text;
  return cut.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
