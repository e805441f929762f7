import { stripVTControlCharacters } from "node:util";
import picocolors from "picocolors";
import { describe, expect, it } from "vitest";
import { PLAIN } from "../../src/status/screen.ts";
import { table, type Column } from "../../src/status/table.ts";

interface Thing {
  readonly name: string;
  readonly color: string;
  readonly size: string;
}

const THINGS: readonly Thing[] = [
  { name: "a thing with a name that goes on and on", color: "red", size: "1" },
  { name: "日本語の名前", color: picocolors.createColors(true).green("green"), size: "1000000" },
];
const COLUMNS: readonly Column<Thing>[] = [
  { head: "name", cell: ({ name }) => name, least: 10 },
  { head: "color", cell: ({ color }) => color, leaveOut: 1 },
  { head: "size", cell: ({ size }) => size, align: "right", leaveOut: 2 },
];

function drawn(width: number): string[] {
  const screen = { width, color: picocolors.createColors(true) };
  return stripVTControlCharacters(table(THINGS, COLUMNS, screen)).split("\n");
}

describe("a table", () => {
  it("is as wide as it needs to be where there is room, with nothing cut", () => {
    const lines = drawn(200);
    expect(lines).toHaveLength(6);
    expect(lines[3]).toContain("│ a thing with a name that goes on and on │ red   │       1 │");
  });

  it.each([60, 50, 40])("fits into %i columns by cutting what may be cut", (width) => {
    const lines = drawn(width);
    expect(lines[0]).toHaveLength(Math.min(width, 61));
    expect(lines[3]).toContain("…");
    expect(lines[1]).toMatch(/name .* color .* size/);
    expect(lines[4]).toMatch(/green .* 1000000 │$/);
  });

  it("leaves out whole columns where cutting is not enough, the least needed first", () => {
    const [border, head, , row] = drawn(25);
    expect(border).toHaveLength(25);
    expect(head).toMatch(/name/);
    expect(head).toMatch(/color/);
    expect(head).not.toMatch(/size/);
    expect(row).toMatch(/^│ a thing.*… │ red   │$/);
    expect(drawn(16)[1]).not.toMatch(/color/);
  });

  it("is plain, whole and without trailing spaces where it is piped", () => {
    expect(table([THINGS[0] ?? { name: "", color: "", size: "" }], COLUMNS, PLAIN)).toBe(
      [
        "NAME                                     COLOR  SIZE",
        "a thing with a name that goes on and on  red       1",
      ].join("\n"),
    );
  });
});
