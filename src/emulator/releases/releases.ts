import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

/** A release of the emulated GitHub's runner. */
export interface EmulatedRelease {
  readonly version: string;
  readonly architecture: string;
  /** As GitHub says; for macOS and Windows there are releases too. */
  readonly os?: string;
  readonly archive: Buffer;
  /** `null` where GitHub does not say. Default: the true one. */
  readonly sha256?: string | null;
}

/** What goes wrong with one download. */
export type AssetFault =
  /** The connection breaks after so many bytes of the answer; not before `when`, for whoever wants to see them arrive. */
  | { readonly kind: "cut"; readonly after: number; readonly when?: Promise<void> }
  /** So many bytes come, and then nothing. */
  | { readonly kind: "stall"; readonly after: number }
  /** One byte is another. */
  | { readonly kind: "wrong" }
  /** In so many pieces, each after this time in milliseconds. */
  | { readonly kind: "slow"; readonly pieces: number; readonly ms: number }
  | { readonly kind: "answer"; readonly status: number };

export interface AssetCall {
  readonly path: string;
  readonly range: string | null;
  readonly ifRange: string | null;
  readonly authorization: string | null;
  readonly status: number;
}

const PREFIX = "/actions/runner/releases/download";

/** Releases of the runner: what the emulated GitHub offers, and the server that they are downloaded from. */
export class Releases {
  /** Newest last: of each system and architecture the last is offered. */
  readonly #published: EmulatedRelease[] = [];
  readonly #faults: AssetFault[] = [];
  readonly calls: AssetCall[] = [];
  /** Some mirrors and caches do not know ranges. */
  acceptsRanges = true;

  publish(release: EmulatedRelease): void {
    this.#published.push(release);
  }

  /** The file of a release becomes another, as GitHub's never do. */
  replace(version: string, archive: Buffer): void {
    for (const [index, each] of this.#published.entries()) {
      if (each.version === version) this.#published[index] = { ...each, archive };
    }
  }

  /** The next downloads meet these, in this order. */
  fault(...faults: readonly AssetFault[]): void {
    this.#faults.push(...faults);
  }

  handles(path: string): boolean {
    return path.startsWith(`${PREFIX}/`);
  }

  /** As GitHub lists them. `web` is where assets are served, without a slash at its end. */
  offers(web: string): readonly object[] {
    const latest = new Map(
      this.#published.map((each) => [`${osOf(each)} ${each.architecture}`, each]),
    );
    return [...latest.values()].map((each) => ({
      os: osOf(each),
      architecture: each.architecture,
      download_url: `${web}${pathOf(each)}`,
      filename: fileOf(each),
      ...(each.sha256 === null ? {} : { sha256_checksum: each.sha256 ?? sha256(each.archive) }),
    }));
  }

  async serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const found = this.#published.find((each) => pathOf(each) === path);
    const fault = found ? this.#faults.shift() : undefined;
    const refusal = fault?.kind === "answer" ? fault.status : null;
    if (!found || refusal !== null) {
      this.#record(request, path, refusal ?? 404);
      response.writeHead(refusal ?? 404).end("Not Found");
      return;
    }
    const { archive } = found;
    const etag = `"${sha256(archive).slice(0, 16)}"`;
    const from = this.#beginOf(request, etag, archive.length);
    if (from !== null && from >= archive.length) {
      this.#record(request, path, 416);
      response.writeHead(416, { "content-range": `bytes */${archive.length}` }).end();
      return;
    }
    this.#record(request, path, from === null ? 200 : 206);
    const body = Buffer.from(archive.subarray(from ?? 0));
    const range = `bytes ${from ?? 0}-${archive.length - 1}/${archive.length}`;
    response.writeHead(from === null ? 200 : 206, {
      "content-type": "application/octet-stream",
      "content-length": body.length,
      ...(this.acceptsRanges ? { etag, "accept-ranges": "bytes" } : {}),
      ...(from === null ? {} : { "content-range": range }),
    });
    await send(response, body, fault);
  }

  #beginOf(request: IncomingMessage, etag: string, length: number): number | null {
    const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
    if (!this.acceptsRanges || from === undefined) return null;
    const { "if-range": condition } = request.headers;
    return condition === undefined || condition === etag ? Math.min(Number(from), length) : null;
  }

  #record({ headers }: IncomingMessage, path: string, status: number): void {
    const ifRange = headers["if-range"];
    this.calls.push({
      path,
      range: headers.range ?? null,
      ifRange: typeof ifRange === "string" ? ifRange : null,
      authorization: headers.authorization ?? null,
      status,
    });
  }
}

async function send(
  response: ServerResponse,
  body: Buffer,
  fault: AssetFault | undefined,
): Promise<void> {
  switch (fault?.kind) {
    case "cut":
    case "stall":
      await new Promise<void>((resolve) => {
        response.write(body.subarray(0, fault.after), () => resolve());
      });
      if (fault.kind === "cut") {
        await fault.when;
        response.destroy();
      }
      return;
    case "slow": {
      const size = Math.ceil(body.length / fault.pieces);
      for (let from = 0; from < body.length; from += size) {
        await wait(fault.ms, undefined, { ref: false });
        response.write(body.subarray(from, from + size));
      }
      response.end();
      return;
    }
    case "wrong":
      body.writeUInt8(body.readUInt8(body.length >> 1) ^ 1, body.length >> 1);
      response.end(body);
      return;
    case "answer":
    case undefined:
      response.end(body);
  }
}

function osOf({ os = "linux" }: EmulatedRelease): string {
  return os;
}

function fileOf(release: EmulatedRelease): string {
  return `actions-runner-${osOf(release)}-${release.architecture}-${release.version}.tar.gz`;
}

function pathOf(release: EmulatedRelease): string {
  return `${PREFIX}/v${release.version}/${fileOf(release)}`;
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
