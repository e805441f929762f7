import { installRelease, type Installation } from "../../runner/release/install.ts";
import { directoryOf } from "../../runner/release/name.ts";
import { openPremises } from "./premises.ts";
import { showProgress } from "./progress-bar.ts";

export interface InstallOptions {
  readonly arch?: string;
  readonly version?: string;
  readonly from?: string;
  readonly sha256?: string;
  readonly unverified: boolean;
  readonly mirror?: string;
}

/** As a shell tells of SIGINT. */
const INTERRUPTED = 130;

/** Installs a release, and makes it the one that allocations use. */
export async function installRunner(options: InstallOptions): Promise<void> {
  const { configuration, shelf, outgoing, offers } = openPremises();
  const mirror = options.mirror?.replace(/\/+$/, "") ?? configuration.runner.mirror;
  const { onProgress, stop } = showProgress();
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort()).once("SIGTERM", () => interrupted.abort());
  try {
    const installation = await installRelease(
      {
        architecture: options.arch ?? null,
        version: options.version ?? null,
        from: options.from ?? null,
        sha256: options.sha256 ?? null,
        unverified: options.unverified,
      },
      {
        shelf,
        offers,
        mirror,
        fetch: outgoing,
        onProgress,
        signal: interrupted.signal,
        now: Date.now,
      },
    );
    stop();
    console.log(describe(installation));
  } catch (error) {
    stop();
    if (!interrupted.signal.aborted) throw error;
    console.error("Interrupted. What was downloaded is kept for the next time.");
    process.exitCode = INTERRUPTED;
  }
}

function describe({ release, installed }: Installation): string {
  const { name, directory, facts } = release;
  const what = `GitHub's runner ${directoryOf(name)}`;
  if (!installed) return `${what} is there already, and is what allocations use (${directory}).`;
  const verified = {
    github: "verified by GitHub's checksum",
    user: "verified by the checksum that was given",
    nobody: "NOT verified: nobody said what its checksum must be",
  };
  return `${what} is installed in ${directory}: ${facts.files} files, ${Math.ceil(facts.bytes / 1e6)} MB, ${verified[facts.vouchedBy]}. Allocations use it from their next turn on.`;
}
