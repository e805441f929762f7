import { crc32 } from "node:zlib";

/** A webhook of GitHub whose signature was right. Nothing else is known of it; its body has not been read. */
export interface SignedDelivery {
  /** `X-GitHub-Delivery`: a GUID, the same when GitHub delivers again. At most 255 ASCII characters. */
  readonly guid: string;
  /** `X-GitHub-Event`, such as `workflow_job`. At most 255 ASCII characters. */
  readonly event: string;
  readonly body: Buffer;
}

/** What the beginning of some bytes is. */
export type Found =
  | { readonly kind: "record"; readonly delivery: SignedDelivery; readonly size: number }
  /** As far as one can see a record, of which more bytes are needed: so many from its beginning. */
  | { readonly kind: "cut"; readonly size: number }
  /** No record: never written to its end. */
  | { readonly kind: "torn" };

/*
 * A record: CRC-32 of all that follows it (4 bytes), the body's length (4), the lengths of GUID and event (1 each), GUID,
 * event, body. Numbers are little-endian.
 */
const BODY_LENGTH_AT = 4;
const GUID_LENGTH_AT = 8;
const EVENT_LENGTH_AT = 9;
const GUID_AT = 10;

/** A record is these bytes and then the body, which is long and need not be copied. */
export function headOf({ guid, event, body }: SignedDelivery): Buffer {
  const head = Buffer.allocUnsafe(GUID_AT + guid.length + event.length);
  head.writeUInt32LE(body.length, BODY_LENGTH_AT);
  head.writeUInt8(guid.length, GUID_LENGTH_AT);
  head.writeUInt8(event.length, EVENT_LENGTH_AT);
  head.write(guid, GUID_AT, "latin1");
  head.write(event, GUID_AT + guid.length, "latin1");
  head.writeUInt32LE(crc32(body, crc32(head.subarray(BODY_LENGTH_AT))), 0);
  return head;
}

/** The record at the beginning of `bytes`. The delivery's body is a view of them, not a copy. */
export function findRecord(bytes: Buffer): Found {
  if (bytes.length < GUID_AT) return { kind: "cut", size: GUID_AT };
  const eventAt = GUID_AT + bytes.readUInt8(GUID_LENGTH_AT);
  const bodyAt = eventAt + bytes.readUInt8(EVENT_LENGTH_AT);
  const size = bodyAt + bytes.readUInt32LE(BODY_LENGTH_AT);
  if (bytes.length < size) return { kind: "cut", size };
  if (crc32(bytes.subarray(BODY_LENGTH_AT, size)) !== bytes.readUInt32LE(0)) {
    return { kind: "torn" };
  }
  const guid = bytes.toString("latin1", GUID_AT, eventAt);
  const event = bytes.toString("latin1", eventAt, bodyAt);
  return {
    kind: "record",
    delivery: { guid, event, body: bytes.subarray(bodyAt, size) },
    size,
  };
}
