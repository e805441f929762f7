import { isUtf8 } from "node:buffer";

/** A verified body that is no payload we can take. Caller: refuse; `message` may be told to the sender. */
export class PayloadError extends Error {
  override readonly name = "PayloadError";
}

/** GitHub's payloads are less than ten deep. Deeper ones would break whatever later walks them. */
const DEEPEST = 100;

/**
 * A webhook's JSON.
 *
 * @throws {PayloadError} when it is not UTF-8, not JSON, nested too deep, or no object.
 */
export function parsePayload(bytes: Buffer): Readonly<Record<string, unknown>> {
  const text = decode(bytes);
  if (depthOf(text) > DEEPEST) throw new PayloadError(`nested deeper than ${DEEPEST}`);
  const value = parse(text);
  if (!isRecord(value)) throw new PayloadError("not a JSON object");
  return value;
}

function decode(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new PayloadError("not UTF-8");
  return bytes.toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without its cause: V8 puts a piece of the text into the error's message.
    throw new PayloadError("not JSON");
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The deepest nesting of brackets outside of strings; right for valid JSON, harmless for other text. Strings are most of
 * a payload: they are leapt over, not walked through.
 */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfString(text, index);
    else if (code === 0x5b || code === 0x7b) deepest = Math.max(deepest, (depth += 1));
    else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return deepest;
}

/** Where the string that begins with the quote at `begin` has its closing one; the text's end if it has none. */
function endOfString(text: string, begin: number): number {
  for (let end = text.indexOf('"', begin + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
