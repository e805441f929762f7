import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findRecord, headOf, type SignedDelivery } from "../../../src/intake/journal/record.ts";

const word = fc.stringMatching(/^[\w-]{1,64}$/);
const delivery: fc.Arbitrary<SignedDelivery> = fc.record({
  guid: word,
  event: word,
  body: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
});

function bytesOf(each: SignedDelivery): Buffer {
  return Buffer.concat([headOf(each), each.body]);
}

describe("a record", () => {
  it("is found whole, whatever follows it", () => {
    fc.assert(
      fc.property(delivery, fc.uint8Array(), (each, rest) => {
        const bytes = bytesOf(each);
        const found = findRecord(Buffer.concat([bytes, rest]));
        expect(found).toEqual({ kind: "record", delivery: each, size: bytes.length });
      }),
    );
  });

  it("that is cut anywhere says how many bytes are needed to know more", () => {
    fc.assert(
      fc.property(delivery, fc.nat(), (each, at) => {
        const bytes = bytesOf(each);
        const cut = bytes.subarray(0, at % bytes.length);
        const found = findRecord(cut);
        if (found.kind !== "cut") throw new Error(found.kind);
        expect(found.size).toBeGreaterThan(cut.length);
        expect(found.size).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  it("of which one bit was changed is never taken for a record", () => {
    fc.assert(
      fc.property(delivery, fc.nat(), (each, at) => {
        const bytes = bytesOf(each);
        const bit = at % (8 * bytes.length);
        bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
        expect(findRecord(bytes).kind).not.toBe("record");
      }),
      { numRuns: 1_000 },
    );
  });

  it("is not found in bytes that are all nought, as a crash may leave them", () => {
    expect(findRecord(Buffer.alloc(1_000)).kind).toBe("torn");
  });
});
