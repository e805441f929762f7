import { mkdir } from "node:fs/promises";
import { checksumOf } from "./archive.ts";
import { download } from "./download.ts";
import { openDraft, type Draft } from "./draft.ts";
import { explainFileError, ReleaseError } from "./error.ts";
import { inspectTree } from "./inspect.ts";
import { fileOf } from "./name.ts";
import type { OnProgress } from "./progress.ts";
import type { InstalledRelease, ReleaseShelf } from "./shelf.ts";
import { findSource, type Offers, type ReleaseRequest, type ReleaseSource } from "./source.ts";
import { unpack } from "./unpack.ts";

export interface InstallContext {
  readonly shelf: ReleaseShelf;
  readonly offers: Offers;
  /** In place of GitHub's releases; `null` for GitHub itself. */
  readonly mirror: string | null;
  readonly fetch: typeof fetch;
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

export interface Installation {
  readonly release: InstalledRelease;
  /** `false` if it was there before. */
  readonly installed: boolean;
}

/**
 * Installs a release of GitHub's runner, if it is not there, and makes it the current one: downloads, verifies, unpacks
 * beside its place, and only then puts it there.
 *
 * @throws {ReleaseError} Then nothing has changed for allocations.
 */
export async function installRelease(
  request: ReleaseRequest,
  context: InstallContext,
): Promise<Installation> {
  const { shelf, offers, mirror, now } = context;
  await shelf.prepare();
  const source = await findSource(request, offers, mirror);
  const present = await shelf.find(source.name);
  if (present) contradict(present, source);
  else await make(source, context);
  await shelf.makeCurrent(source.name, now());
  if (source.wanted) await shelf.noteFresh(source.name, now());
  const release = await shelf.find(source.name);
  if (release === null) {
    const sentence = `${fileOf(source.name)} was removed while it was installed`;
    throw new ReleaseError("retry", sentence, "see who else installs there, and try again");
  }
  return { release, installed: present === null };
}

/** What is there may have come from somewhere else. */
function contradict({ directory, facts }: InstalledRelease, { sha256, name }: ReleaseSource): void {
  if (sha256 === null || sha256 === facts.sha256) return;
  throw new ReleaseError(
    "reject",
    `${directory} was installed from an archive with SHA-256 ${facts.sha256}, but ${fileOf(name)} has ${sha256}`,
    `remove that directory when no allocation uses it, and install again`,
  );
}

async function make(source: ReleaseSource, context: InstallContext): Promise<void> {
  const { shelf } = context;
  const draft = await openDraft(shelf.drafts, fileOf(source.name)).catch((error: unknown) => {
    throw explainFileError(error, "Preparing for GitHub's runner", shelf.drafts);
  });
  try {
    const { archive, sha256 } = await verified(source, draft, context);
    await mkdir(draft.tree, { mode: 0o755 });
    const contents = await unpack(archive, draft.tree, context);
    await inspectTree(draft.tree, archive, source.name.architecture);
    await shelf.publish(draft.tree, source.name, {
      sha256,
      vouchedBy: source.vouchedBy,
      installedAt: context.now(),
      ...contents,
    });
    await draft.remove();
  } catch (cause) {
    const error = explainFileError(cause, "Installing GitHub's runner", shelf.directory);
    await letGo(draft, error);
    throw error;
  }
}

/** What was downloaded so far is kept for the next attempt, unless it is what was wrong, or in the way. */
async function letGo(draft: Draft, error: unknown): Promise<void> {
  const resumable = !(error instanceof ReleaseError) || error.kind === "retry";
  await (resumable ? draft.abandon() : draft.remove()).catch(() => undefined);
}

async function verified(source: ReleaseSource, draft: Draft, context: InstallContext) {
  const { origin } = source;
  if (origin.kind === "file") {
    const sha256 = await checksumOf(origin.path, context.onProgress);
    refuseUnless(sha256, source, origin.path);
    return { archive: origin.path, sha256 };
  }
  const { fetch, onProgress, signal } = context;
  const goOn = { url: origin.url, token: origin.token, fetch, onProgress, signal };
  const resumed = await download(draft.archive, goOn);
  let sha256 = await checksumOf(draft.archive, onProgress);
  if (resumed && source.sha256 !== null && sha256 !== source.sha256) {
    // Its two parts may be of different files: once more, from the beginning.
    await draft.removeArchive();
    await download(draft.archive, goOn);
    sha256 = await checksumOf(draft.archive, onProgress);
  }
  refuseUnless(sha256, source, origin.url);
  return { archive: draft.archive, sha256 };
}

function refuseUnless(sha256: string, source: ReleaseSource, from: string): void {
  if (source.sha256 === null || sha256 === source.sha256) return;
  const whose = source.vouchedBy === "github" ? "GitHub says" : "was given";
  throw new ReleaseError(
    "reject",
    `${from} is not ${fileOf(source.name)}: its SHA-256 is ${sha256}, ${whose} ${source.sha256}`,
    "do not use it; get it again, and see what stands between (mirror, proxy)",
  );
}
