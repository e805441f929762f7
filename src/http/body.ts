import { createHmac, timingSafeEqual, type KeyObject } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** GitHub's own limit for a webhook's payload; it drops larger ones. */
export const LARGEST_PAYLOAD = 25 * 1024 * 1024;

export type BodyOutcome =
  | { readonly kind: "whole"; readonly bytes: Buffer; readonly signature: Buffer }
  /** Larger than a payload can be. */
  | { readonly kind: "too large" }
  /** Others fill the memory set aside for bodies. */
  | { readonly kind: "no room" }
  /** The client left before its end. */
  | { readonly kind: "cut off" };

/**
 * Bytes of bodies held at once, by all requests together: nothing says who sends before the last byte is in, and a login
 * node ends programs that use a few GB.
 */
export class BodyRoom {
  readonly #most: number;
  #held = 0;

  constructor(most: number) {
    this.#most = most;
  }

  take(bytes: number): boolean {
    if (this.#held + bytes > this.#most) return false;
    this.#held += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#held -= bytes;
  }
}

/**
 * Reads a body and computes its HMAC-SHA256 on the way. Never holds more than {@link LARGEST_PAYLOAD} bytes, nor more than
 * there is room for. Does not reject. Whoever gets a whole body gives back its room when done with it.
 */
export async function readSignedBody(
  request: IncomingMessage,
  secret: KeyObject,
  room: BodyRoom,
): Promise<BodyOutcome> {
  if (Number(request.headers["content-length"] ?? 0) > LARGEST_PAYLOAD)
    return { kind: "too large" };
  const hmac = createHmac("sha256", secret);
  const chunks: Buffer[] = [];
  let length = 0;
  const outcome = await new Promise<BodyOutcome["kind"]>((resolve) => {
    request.on("data", (chunk: Buffer) => {
      if (length + chunk.length > LARGEST_PAYLOAD) return settle("too large");
      if (!room.take(chunk.length)) return settle("no room");
      length += chunk.length;
      chunks.push(chunk);
      hmac.update(chunk);
    });
    function settle(kind: BodyOutcome["kind"]): void {
      request.removeAllListeners("data").pause();
      resolve(kind);
    }
    request.once("end", () => resolve("whole"));
    // "close" also follows "end"; the promise is settled by then.
    request.once("close", () => resolve("cut off"));
    request.once("error", () => resolve("cut off"));
  });
  if (outcome !== "whole") {
    room.giveBack(length);
    return { kind: outcome };
  }
  const [first] = chunks;
  const bytes = chunks.length === 1 && first ? first : Buffer.concat(chunks, length);
  return { kind: "whole", bytes, signature: hmac.digest() };
}

/** Compares in constant time with `x-hub-signature-256`: `sha256=` and 64 hexadecimal digits. */
export function isSignedBy(signature: Buffer, header: string): boolean {
  const claimed = /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1];
  return claimed !== undefined && timingSafeEqual(signature, Buffer.from(claimed, "hex"));
}
