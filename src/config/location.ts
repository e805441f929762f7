import { isAlias, isMap, isNode, isPair, isScalar, isSeq } from "yaml";
import type { Document, LineCounter } from "yaml";

export interface Location {
  readonly line: number;
  readonly column: number;
}

/**
 * Where in the file a path points. A value that is not there is looked for at the nearest key above it that is.
 *
 * @param at `value` for what stands at the path, `key` for the path's own name (an unknown key, a pool's name).
 */
export function locate(
  document: Document.Parsed,
  lines: LineCounter,
  path: readonly PropertyKey[],
  at: "key" | "value" = "value",
): Location {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [depth, key] of path.entries()) {
    const step = child(resolve(node, document), key);
    if (step === null) break;
    const keyOffset = startOf(step.key);
    const valueOffset = isEmpty(step.value) ? null : startOf(step.value);
    const last = depth === path.length - 1;
    const wanted = last && at === "value" ? (valueOffset ?? keyOffset) : (keyOffset ?? valueOffset);
    offset = wanted ?? offset;
    node = step.value;
  }
  return toLocation(lines, offset);
}

export function toLocation(lines: LineCounter, offset: number): Location {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

interface Step {
  readonly key: unknown;
  readonly value: unknown;
}

function child(node: unknown, key: PropertyKey): Step | null {
  if (isSeq(node)) {
    const item: unknown = node.items[Number(key)];
    return item === undefined ? null : { key: null, value: item };
  }
  if (!isMap(node)) return null;
  const pair = node.items.find(
    (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
  );
  return pair === undefined ? null : { key: pair.key, value: pair.value };
}

function resolve(node: unknown, document: Document.Parsed): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

function isEmpty(node: unknown): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function startOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}
