/** GitHub makes its runner for Linux on these, and on 32-bit arm, which no cluster has. */
export const ARCHITECTURES = ["x64", "arm64"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export interface ReleaseName {
  /** As `2.336.0`. */
  readonly version: string;
  readonly architecture: Architecture;
}

const VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}$/;
const FILE = /^actions-runner-([a-z]+)-([a-z0-9]+)-([\d.]+)\.tar\.gz$/;
const DIRECTORY = /^([\d.]+)-(x64|arm64)$/;

export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

export function isArchitecture(text: string): text is Architecture {
  return ARCHITECTURES.some((each) => each === text);
}

/** The directory of an installed release, in the shelf. */
export function directoryOf({ version, architecture }: ReleaseName): string {
  return `${version}-${architecture}`;
}

export function nameOfDirectory(directory: string): ReleaseName | null {
  const [, version = "", architecture = ""] = DIRECTORY.exec(directory) ?? [];
  return isVersion(version) && isArchitecture(architecture) ? { version, architecture } : null;
}

/** As GitHub names its archives. */
export function fileOf({ version, architecture }: ReleaseName): string {
  return `actions-runner-linux-${architecture}-${version}.tar.gz`;
}

/** What an archive's name tells; each part may be something that we cannot use. `null` for another kind of name. */
export function partsOfFile(
  file: string,
): { readonly os: string; readonly architecture: string; readonly version: string } | null {
  const [, os, architecture, version] = FILE.exec(file) ?? [];
  if (os === undefined || architecture === undefined || version === undefined) return null;
  return isVersion(version) ? { os, architecture, version } : null;
}

/** Negative if `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const theirs = b.split(".").map(Number);
  const differences = a.split(".").map((part, index) => Number(part) - (theirs[index] ?? 0));
  return differences.find((each) => each !== 0) ?? 0;
}
