import { basename, resolve } from "node:path";
import type { Offer } from "./catalogue.ts";
import { ReleaseError } from "./error.ts";
import {
  ARCHITECTURES,
  fileOf,
  isArchitecture,
  isVersion,
  partsOfFile,
  type Architecture,
  type ReleaseName,
} from "./name.ts";
import type { ReleaseFacts } from "./shelf.ts";

/** What is asked for. */
export interface ReleaseRequest {
  /** `null` for this machine's, or what `from` is named. */
  readonly architecture: string | null;
  /** `null` for what GitHub wants, or what `from` is named. */
  readonly version: string | null;
  /** An archive on this machine, in place of a download. */
  readonly from: string | null;
  readonly sha256: string | null;
  /** The caller knows that nobody vouches for it. */
  readonly unverified: boolean;
}

/** Where a release comes from, and who says what it must be. */
export interface ReleaseSource {
  readonly name: ReleaseName;
  readonly origin:
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "url"; readonly url: string; readonly token: string | null };
  /** `null` if nobody vouches for it, and the caller knows. */
  readonly sha256: string | null;
  readonly vouchedBy: ReleaseFacts["vouchedBy"];
  /** It is what GitHub wants now. */
  readonly wanted: boolean;
}

export type Offers = () => Promise<readonly Offer[]>;

const GITHUB = "https://github.com/actions/runner/releases/download";

/**
 * Finds where what is asked for comes from. GitHub is asked for the address and the checksum, where they are not given.
 *
 * @throws {ReleaseError}
 */
export async function findSource(
  request: ReleaseRequest,
  offers: Offers,
  mirror: string | null,
): Promise<ReleaseSource> {
  const given = checkRequest(request);
  const wanted = given.from === null ? given : nameFromFile(given, given.from);
  const architecture = wanted.architecture ?? hostArchitecture();
  const known = given.from !== null && given.sha256 !== null;
  const asked = known ? { offers: [], failure: null } : await ask(offers);
  const offer = asked.offers.find(({ name }) => name.architecture === architecture) ?? null;
  const version = wanted.version ?? offer?.name.version ?? null;
  if (version === null) {
    if (asked.failure !== null) throw asked.failure;
    const sentence = `GitHub offers no release of its runner for ${architecture}`;
    throw new ReleaseError("mend", sentence, "say which with --version, or install from a file");
  }
  const name = { version, architecture };
  const offered = offer?.name.version === version ? offer : null;
  const sha256 = given.sha256 ?? offered?.sha256 ?? null;
  if (sha256 === null && !given.unverified) throw unvouched(name, given, asked.failure);
  return {
    name,
    origin: originOf(given.from, name, offer, mirror),
    sha256,
    vouchedBy: given.sha256 === null ? (sha256 === null ? "nobody" : "github") : "user",
    wanted: offered !== null,
  };
}

export function hostArchitecture(): Architecture {
  if (isArchitecture(process.arch)) return process.arch;
  throw unsupported(process.arch);
}

interface Wanted {
  readonly architecture: Architecture | null;
  readonly version: string | null;
}

type CheckedRequest = ReleaseRequest & Wanted;

function checkRequest(request: ReleaseRequest): CheckedRequest {
  const { architecture, version } = request;
  if (architecture !== null && !isArchitecture(architecture)) throw unsupported(architecture);
  if (version !== null && !isVersion(version)) {
    const sentence = `${JSON.stringify(version)} is no version of GitHub's runner`;
    throw new ReleaseError("reject", sentence, "write it as 2.336.0");
  }
  const sha256 = request.sha256?.toLowerCase() ?? null;
  if (sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256)) {
    const sentence = "What was given as SHA-256 has not its 64 hexadecimal digits";
    throw new ReleaseError("reject", sentence, "copy it from the release's page on GitHub");
  }
  const from = request.from === null ? null : resolve(request.from);
  return { ...request, architecture, sha256, from };
}

function nameFromFile({ architecture, version }: CheckedRequest, from: string): Wanted {
  const parts = partsOfFile(basename(from));
  if (parts === null) {
    if (version !== null && architecture !== null) return { architecture, version };
    const sentence = `The name of ${from} does not tell version and architecture`;
    const cure =
      "name it as GitHub does (actions-runner-linux-x64-2.336.0.tar.gz), or say --version and --arch";
    throw new ReleaseError("reject", sentence, cure);
  }
  if (parts.os !== "linux") {
    const sentence = `${from} is GitHub's runner for ${parts.os}`;
    throw new ReleaseError("reject", sentence, "get the one for linux");
  }
  const named = architecture ?? parts.architecture;
  if (!isArchitecture(named)) throw unsupported(named);
  return { architecture: named, version: version ?? parts.version };
}

function unsupported(architecture: string): ReleaseError {
  const sentence = `GitHub makes no runner for Linux on ${JSON.stringify(architecture)} that is supported here`;
  const cure = `use nodes, and --arch, of one of: ${ARCHITECTURES.join(", ")}`;
  return new ReleaseError("reject", sentence, cure);
}

/** With a file or a version at hand, an installation may do without GitHub: whether it does is decided later. */
async function ask(offers: Offers): Promise<{
  readonly offers: readonly Offer[];
  readonly failure: ReleaseError | null;
}> {
  try {
    return { offers: await offers(), failure: null };
  } catch (error) {
    if (!(error instanceof ReleaseError)) throw error;
    return { offers: [], failure: error };
  }
}

function unvouched(
  name: ReleaseName,
  { from }: ReleaseRequest,
  failure: ReleaseError | null,
): ReleaseError {
  const what = from ?? fileOf(name);
  const why =
    failure === null
      ? `GitHub gives no checksum for ${name.version} (it does for the release that it wants now)`
      : `GitHub could not be asked for its checksum: ${failure.message.replace(/\.$/, "")}`;
  const cure =
    "give its SHA-256 from the release's page with --sha256, or say --unverified if you trust where it comes from";
  return new ReleaseError(failure?.kind ?? "mend", `${what} cannot be verified, ${why}`, cure);
}

function originOf(
  from: string | null,
  name: ReleaseName,
  offer: Offer | null,
  mirror: string | null,
): ReleaseSource["origin"] {
  if (from !== null) return { kind: "file", path: from };
  if (mirror !== null || offer === null) {
    const url = `${mirror ?? GITHUB}/v${name.version}/${fileOf(name)}`;
    return { kind: "url", url, token: null };
  }
  // An Enterprise Server has its releases on its own host; another version stands beside the one that is offered.
  const url = offer.url.replaceAll(offer.name.version, name.version);
  return { kind: "url", url, token: offer.token };
}
