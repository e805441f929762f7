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
export function parsePayload(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const text = decode(bytes);
  if (depthOf(text) > DEEPEST) throw new PayloadError(`nested deeper than ${DEEPEST}`);
  const value = parse(text);
  if (!isRecord(value)) throw new PayloadError("not a JSON object");
  return value;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new PayloadError("not UTF-8", { cause });
  }
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
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** The deepest nesting of brackets outside of strings; right for valid JSON, harmless for other text. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inString && code === BACKSLASH) index += 1;
    else if (code === QUOTE) inString = !inString;
    else if (inString) continue;
    else if (OPENING.has(code)) deepest = Math.max(deepest, (depth += 1));
    else if (CLOSING.has(code)) depth -= 1;
  }
  return deepest;
}
