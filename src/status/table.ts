import Table from "cli-table3";
import type { Screen } from "./screen.ts";

/** One column of a list of things. */
export interface Column<T> {
  readonly head: string;
  readonly cell: (item: T) => string;
  readonly align?: "right";
  /** Where the screen is narrow its texts are cut, to this many characters at least. */
  readonly least?: number;
  /** Where cutting is not enough it is left out, the highest first. */
  readonly leaveOut?: number;
}

/** Between the columns of a list that is piped. */
const GAP = "  ";
/** A space on either side of each cell. */
const PADDING = 2;

/** A list as a table: in a terminal with lines, and as wide as it is at most; else in plain columns, nothing cut. */
export function table<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  screen: Screen,
): string {
  if (screen.width === null) return plain(items, columns);
  let shown = columns;
  for (;;) {
    const whole = boxed(items, shown, screen);
    const widths = widthsOf(whole);
    const excess = sum(widths) + shown.length + 1 - screen.width;
    if (excess <= 0) return whole;
    const cut = cutTo(shown, widths, excess);
    const next = cut.enough ? null : withoutLeastNeeded(shown);
    if (next === null) return boxed(items, shown, screen, cut.widths);
    shown = next;
  }
}

function plain<T>(items: readonly T[], columns: readonly Column<T>[]): string {
  const none = ["top", "bottom", "left", "right", "mid"].flatMap((side) =>
    ["", "-mid", "-left", "-right"].map((part) => [side + part, ""]),
  );
  const drawn = new Table({
    head: columns.map(({ head }) => head.toUpperCase()),
    colAligns: alignsOf(columns),
    chars: { ...Object.fromEntries(none), "mid-mid": "", middle: GAP },
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  drawn.push(...rowsOf(items, columns));
  return drawn
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

function boxed<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  { color }: Screen,
  colWidths: number[] = [],
): string {
  const drawn = new Table({
    head: columns.map(({ head }) => head),
    colAligns: alignsOf(columns),
    colWidths,
    style: {
      head: color.isColorSupported ? ["bold"] : [],
      border: color.isColorSupported ? ["gray"] : [],
      compact: true,
    },
  });
  drawn.push(...rowsOf(items, columns));
  return drawn.toString();
}

function rowsOf<T>(items: readonly T[], columns: readonly Column<T>[]): string[][] {
  return items.map((item) => columns.map(({ cell }) => cell(item)));
}

function alignsOf<T>(columns: readonly Column<T>[]): ("left" | "right")[] {
  return columns.map(({ align }) => align ?? "left");
}

/** The columns' widths as they were drawn, wide characters and colours accounted for: read off the upper border. */
function widthsOf(drawn: string): number[] {
  const [border = ""] = drawn.split("\n", 1);
  return border
    .replaceAll(/[^─┬]/g, "")
    .split("┬")
    .map((part) => part.length);
}

/** Takes what is too much from the widest of the columns that may be cut, a character at a time. */
function cutTo<T>(
  columns: readonly Column<T>[],
  widths: readonly number[],
  excess: number,
): { readonly enough: boolean; readonly widths: number[] } {
  const cut = [...widths];
  const room = (index: number): number => {
    const { least } = columns[index] ?? {};
    return least === undefined ? 0 : (cut[index] ?? 0) - least - PADDING;
  };
  for (let left = excess; left > 0; left -= 1) {
    const [widest] = [...cut.keys()]
      .filter((index) => room(index) > 0)
      .toSorted((a, b) => (cut[b] ?? 0) - (cut[a] ?? 0));
    if (widest === undefined) return { enough: false, widths: cut };
    cut[widest] = (cut[widest] ?? 0) - 1;
  }
  return { enough: true, widths: cut };
}

/** `null` when every column is needed. */
function withoutLeastNeeded<T>(columns: readonly Column<T>[]): readonly Column<T>[] | null {
  const [least] = columns
    .filter(({ leaveOut }) => leaveOut !== undefined)
    .toSorted((a, b) => (b.leaveOut ?? 0) - (a.leaveOut ?? 0));
  return least === undefined ? null : columns.filter((column) => column !== least);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
