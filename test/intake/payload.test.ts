import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePayload, PayloadError } from "../../src/intake/payload.ts";

function parse(text: string): unknown {
  return parsePayload(Buffer.from(text));
}

/** A payload in which `[` is nested so deep, inside of its object. */
function nested(levels: number): string {
  return `{"a":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;
}

describe("parsePayload", () => {
  it("takes whatever object JSON can write", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const text = JSON.stringify(value);
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it("takes what is nested 100 deep and refuses what is deeper", () => {
    expect(parse(nested(100))).toHaveProperty("a");
    expect(() => parse(nested(101))).toThrow(new PayloadError("nested deeper than 100"));
  });

  it.each([
    ["brackets", "[".repeat(200)],
    ["a quote", '"'.concat("{".repeat(200))],
    ["a backslash at its end", `${"[".repeat(200)}\\`],
    ["backslashes and quotes", `\\"\\\\"${"[".repeat(200)}\\\\`],
  ])("does not count brackets in a string with %s", (_what, string) => {
    const text = JSON.stringify({ [string]: string, after: [{}] });
    expect(parse(text)).toHaveProperty("after");
  });

  it.each([
    ["text without an end", '{"a', "not JSON"],
    ["a lone backslash", "\\", "not JSON"],
    ["a list", "[1]", "not a JSON object"],
    ["null", "null", "not a JSON object"],
  ])("refuses %s", (_what, text, why) => {
    expect(() => parse(text)).toThrow(new PayloadError(why));
  });

  it("refuses what is not UTF-8", () => {
    expect(() => parsePayload(Buffer.from([0x7b, 0xff, 0x7d]))).toThrow(
      new PayloadError("not UTF-8"),
    );
  });
});
