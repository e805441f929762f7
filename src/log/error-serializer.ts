/** Deep enough for any chain of causes of ours; guards against one that bites its tail. */
const DEEPEST = 5;
const LONGEST = 8_000;

/** Fields that tell what happened and hold nothing foreign. */
const PLAIN_FIELDS = [
  "code",
  "kind",
  "status",
  "errno",
  "syscall",
  "address",
  "port",
  "exitCode",
  "signal",
  "signalCode",
  "timedOut",
] as const;

/**
 * What of an error goes into the log. A list of what may, since errors of Octokit carry requests with their headers, those
 * of webhooks the whole payload, and those of processes their output.
 */
export function serializeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === "string" ? cut(error) : typeof error;
  const { name, message, stack = "" } = error;
  const told: Record<string, unknown> = { type: name, message: cut(message), stack: cut(stack) };
  for (const field of PLAIN_FIELDS) {
    const value: unknown = Reflect.get(error, field);
    if (["string", "number", "boolean"].includes(typeof value)) told[field] = value;
  }
  Object.assign(told, callOf(error));
  if (depth >= DEEPEST) return told;
  if (error.cause !== undefined) told["cause"] = serializeError(error.cause, depth + 1);
  if (error instanceof AggregateError) {
    told["errors"] = error.errors
      .slice(0, 10)
      .map((each: unknown) => serializeError(each, depth + 1));
  }
  return told;
}

/** Of an error of Octokit: which call it was, and the id that GitHub's support asks for. */
function callOf(error: Error): Readonly<Record<string, string>> {
  const method = at(error, "request", "method");
  const url = at(error, "request", "url");
  const requestId = at(error, "response", "headers", "x-github-request-id");
  return {
    ...(typeof method === "string" && typeof url === "string"
      ? { call: `${method} ${url.split("?", 1)[0]}` }
      : {}),
    ...(typeof requestId === "string" ? { requestId } : {}),
  };
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined,
    value,
  );
}

function cut(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}
