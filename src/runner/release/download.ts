import { open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { backoff } from "../../domain/patience.ts";
import { MINUTE, SECOND } from "../../domain/time.ts";
import { explainNetworkError } from "../../network/explain.ts";
import { ReleaseError } from "./error.ts";
import type { OnProgress } from "./progress.ts";

export interface DownloadOptions {
  readonly url: string;
  /** Shown to the host of `url`; fetch does not show it to another to which that redirects. */
  readonly token: string | null;
  readonly fetch: typeof fetch;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  /** No byte for this long: the connection is dead. */
  readonly stallMs?: number;
  /** Between two attempts, doubled each time. */
  readonly pauseMs?: number;
}

/** Attempts that bring nothing, one after the other. */
const ATTEMPTS = 5;
/** GitHub's own limit for a file of a release. */
const LARGEST = 2 * 1024 ** 3;

/**
 * Downloads into a file, and goes on where an earlier attempt, of this process or another, was cut off.
 *
 * @returns whether it came in parts.
 * @throws {ReleaseError} Errors of the filesystem as they are.
 */
export async function download(file: string, options: DownloadOptions): Promise<boolean> {
  let reached = await sizeOf(file);
  for (let failures = 0; ;) {
    try {
      return await attempt(file, options);
    } catch (cause) {
      const error = explain(cause, options.url);
      options.signal.throwIfAborted();
      const size = await sizeOf(file);
      failures = size > reached ? 1 : failures + 1;
      reached = size;
      const again = error instanceof ReleaseError && error.kind === "retry" && failures < ATTEMPTS;
      if (!again) throw error;
    }
    const pause = backoff(failures, Math.random(), options.pauseMs ?? SECOND, MINUTE);
    await wait(pause, undefined, { signal: options.signal });
  }
}

async function attempt(file: string, options: DownloadOptions): Promise<boolean> {
  const { url, token, signal, stallMs = MINUTE } = options;
  const size = await sizeOf(file);
  const stalled = new AbortController();
  const why = new ReleaseError(
    "retry",
    `${url} sent nothing for ${stallMs / SECOND} s`,
    "try again",
  );
  const timer = setTimeout(() => stalled.abort(why), stallMs);
  try {
    const response = await options.fetch(url, {
      headers: {
        "user-agent": "hpc-runners",
        // What arrives is to be the file itself.
        "accept-encoding": "identity",
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(size > 0 ? await rangeHeaders(file, size) : {}),
      },
      signal: AbortSignal.any([signal, stalled.signal]),
    });
    return await receive(response, file, size, options, timer);
  } catch (error) {
    throw stalled.signal.aborted ? why : error;
  } finally {
    clearTimeout(timer);
  }
}

async function rangeHeaders(file: string, size: number): Promise<Record<string, string>> {
  const validator = await readFile(validatorOf(file), "utf8").catch(() => "");
  return {
    range: `bytes=${size}-`,
    ...(validator === "" ? {} : { "if-range": validator }),
  };
}

async function receive(
  response: Response,
  file: string,
  size: number,
  { url, onProgress }: DownloadOptions,
  timer: NodeJS.Timeout,
): Promise<boolean> {
  if (response.status === 416) {
    await response.body?.cancel();
    if (rangeOf(response)?.total === size) return true;
    await rm(file, { force: true });
    throw new ReleaseError("retry", `${url} has less than was downloaded before`, "try again");
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw refusal(response.status, url);
  }
  const goesOn = response.status === 206 && rangeOf(response)?.from === size;
  if (response.status === 206 && !goesOn) {
    await response.body.cancel();
    await rm(file, { force: true });
    throw new ReleaseError("retry", `${url} sent another part than was asked for`, "try again");
  }
  // Whatever is there is of another file, or of a server that knows no ranges.
  if (!goesOn) await begin(response, file);
  const total = goesOn ? (rangeOf(response)?.total ?? null) : lengthOf(response);
  let done = goesOn ? size : 0;
  const handle = await open(file, "a");
  try {
    // All that has come is kept, whatever comes next.
    for await (const chunk of response.body) {
      timer.refresh();
      await handle.writeFile(chunk);
      done += chunk.length;
      onProgress({ step: "download", done, total });
      if (done > LARGEST) {
        throw new ReleaseError("reject", `${url} is larger than 2 GiB`, "mend the address");
      }
    }
  } finally {
    await handle.close();
  }
  if (total !== null && done < total) {
    throw new ReleaseError("retry", `${url} ended after ${done} of ${total} bytes`, "try again");
  }
  return goesOn;
}

/** An empty file, and beside it what tells whether the server's is still the same when we come back for the rest. */
async function begin(response: Response, file: string): Promise<void> {
  await writeFile(file, "");
  const etag = response.headers.get("etag");
  // A weak one cannot be asked with.
  const strong = etag !== null && !etag.startsWith("W/") ? etag : null;
  await writeFile(validatorOf(file), strong ?? response.headers.get("last-modified") ?? "");
}

function refusal(status: number, url: string): ReleaseError {
  const sentence = `${url} cannot be downloaded, its server answered ${status}`;
  if (status >= 500 || status === 408 || status === 429) {
    return new ReleaseError("retry", sentence, "try again later");
  }
  const cure =
    status === 404
      ? "see that this version exists, and that runner.mirror is right"
      : "see that it can be downloaded from here, or set runner.mirror";
  return new ReleaseError("mend", sentence, cure);
}

/** Errors of the filesystem are passed on as they are. Those of sockets come wrapped by fetch. */
function explain(cause: unknown, url: string): unknown {
  if (cause instanceof ReleaseError || !(cause instanceof Error)) return cause;
  const byFetch = cause instanceof TypeError || cause.cause !== undefined;
  if (!byFetch) return cause;
  const { kind, reason, cure } = explainNetworkError(cause);
  return new ReleaseError(kind, `${url} ${reason}`, cure, cause);
}

function rangeOf(
  response: Response,
): { readonly from: number | null; readonly total: number | null } | null {
  const header = response.headers.get("content-range") ?? "";
  const [, from, total] = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(header) ?? [];
  if (total === undefined) return null;
  return {
    from: from === undefined ? null : Number(from),
    total: total === "*" ? null : Number(total),
  };
}

function lengthOf(response: Response): number | null {
  const length = Number(response.headers.get("content-length") ?? Number.NaN);
  return Number.isSafeInteger(length) ? length : null;
}

function validatorOf(file: string): string {
  return `${file}.validator`;
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}
