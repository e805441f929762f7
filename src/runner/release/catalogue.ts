import { listScopes } from "../../github/queued-jobs.ts";
import type { Octokit } from "../../github/octokit.ts";
import { troubleOf } from "../../github/trouble.ts";
import { registerSecret } from "../../log/secrets.ts";
import { ReleaseError } from "./error.ts";
import { isArchitecture, partsOfFile, type ReleaseName } from "./name.ts";

/** A release that GitHub wants its runners to be. */
export interface Offer {
  readonly name: ReleaseName;
  readonly url: string;
  /** Hexadecimal, lower case; `null` where GitHub (an Enterprise Server) does not say. */
  readonly sha256: string | null;
  /** Shown to the host of `url`, where it wants one. */
  readonly token: string | null;
}

const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * What GitHub offers for Linux, asked as an installation of the App.
 *
 * @throws {ReleaseError} `retry` or `mend`.
 */
export async function listOffers(
  octokitFor: (installationId?: number) => Promise<Octokit>,
): Promise<readonly Offer[]> {
  try {
    const [scope] = await listScopes(await octokitFor());
    if (!scope) {
      const sentence = "GitHub does not say which release it wants, the App is not installed";
      throw new ReleaseError("mend", sentence, "install it on your organization (docs/app.md)");
    }
    const octokit = await octokitFor(scope.installationId);
    const { data } = await octokit.rest.actions.listRunnerApplicationsForOrg({
      org: scope.organization,
      request: { retries: 0 },
    });
    return data.flatMap((each) => toOffer(each) ?? []);
  } catch (error) {
    if (error instanceof ReleaseError) throw error;
    const trouble = troubleOf(error, Date.now());
    const kind = trouble.kind === "refused" ? "mend" : "retry";
    const cure =
      kind === "mend"
        ? "see that the App may read and write the organization's self-hosted runners (docs/app.md)"
        : "try again, or install from a file (runner install --from FILE)";
    const sentence = `GitHub does not say which release of its runner it wants (${trouble.reason})`;
    throw new ReleaseError(kind, sentence, cure, error);
  }
}

interface Download {
  readonly os: string;
  readonly architecture: string;
  readonly download_url: string;
  readonly filename: string;
  readonly sha256_checksum?: string;
  readonly temp_download_token?: string;
}

/** The file's name becomes a path: what it does not tell in GitHub's own way is no offer. */
function toOffer(download: Download): Offer | null {
  const parts = partsOfFile(download.filename);
  if (parts?.os !== "linux" || !isArchitecture(parts.architecture)) return null;
  const { sha256_checksum: sha256 = "", temp_download_token: token = "" } = download;
  if (token !== "") registerSecret(token);
  return {
    name: { version: parts.version, architecture: parts.architecture },
    url: download.download_url,
    sha256: SHA256.test(sha256) ? sha256.toLowerCase() : null,
    token: token === "" ? null : token,
  };
}
