import { RequestError } from "@octokit/request-error";
import { MINUTE, SECOND } from "../domain/time.ts";
import type { GitHubTrouble } from "./github.ts";

/** GitHub asks for at least a minute where a limited answer does not say how long (facts/github.md §4). */
const LIMITED_WITHOUT_WORD = MINUTE;

/** Connection errors after which the request cannot have reached GitHub. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/**
 * What a failed call means for its caller. Octokit throws `RequestError`, with status 500 and no response where there was
 * no answer at all (timeout, lost connection).
 */
export function troubleOf(error: unknown, now: number): GitHubTrouble {
  if (!(error instanceof RequestError)) {
    return { kind: "unknown", reason: `GitHub could not be asked: ${messageOf(error)}` };
  }
  if (!error.response) return withoutAnswer(error);
  const { status, response } = error;
  const reason = `GitHub answered ${status}: ${error.message} (request ${requestIdOf(error)})`;
  if (status === 403 || status === 429) {
    const afterMs = waitOf(response.headers, now);
    if (afterMs !== null) return { kind: "retry", reason, afterMs };
    return status === 429
      ? { kind: "retry", reason, afterMs: LIMITED_WITHOUT_WORD }
      : { kind: "refused", reason };
  }
  return status >= 500 ? { kind: "unknown", reason } : { kind: "refused", reason };
}

function withoutAnswer(error: RequestError): GitHubTrouble {
  const code = codeOf(error);
  if (code !== null && NEVER_SENT.has(code)) {
    return { kind: "retry", reason: `GitHub cannot be reached: ${code}`, afterMs: null };
  }
  return { kind: "unknown", reason: `GitHub did not answer: ${error.message}` };
}

/** Milliseconds GitHub wants us to wait: `retry-after` first, then the end of an exhausted window. */
function waitOf(headers: Readonly<Record<string, unknown>>, now: number): number | null {
  const after = Number(headers["retry-after"] ?? Number.NaN);
  if (Number.isFinite(after) && after >= 0) return after * SECOND;
  const reset = Number(headers["x-ratelimit-reset"] ?? Number.NaN);
  if (String(headers["x-ratelimit-remaining"]) === "0" && Number.isFinite(reset)) {
    return Math.max(SECOND, reset * SECOND - now);
  }
  return null;
}

/** The code is on the error that fetch threw, one or two causes deep. */
function codeOf(error: unknown): string | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; depth++) {
    if ("code" in cause && typeof cause.code === "string") return cause.code;
    cause = cause.cause;
  }
  return null;
}

function requestIdOf(error: RequestError): string {
  return error.response?.headers["x-github-request-id"] ?? "unknown";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
