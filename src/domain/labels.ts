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

/** How a label set is shown to people: `[derecho, self-hosted]`. */
export function showLabels(labels: LabelSet): string {
  return `[${labels.join(", ")}]`;
}
