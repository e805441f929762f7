import { accessSync, constants, statSync } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { ReleaseError } from "./error.ts";
import { ARCHITECTURES, type Architecture } from "./name.ts";

export const LISTENER = "bin/Runner.Listener";

/** `e_machine` of ELF (elf.h): EM_X86_64, EM_AARCH64. */
const MACHINES: Readonly<Record<Architecture, number>> = { x64: 62, arm64: 183 };

/**
 * Sees to it that an unpacked archive is GitHub's runner, for this architecture.
 *
 * @throws {ReleaseError} `reject`.
 */
export async function inspectTree(
  tree: string,
  archive: string,
  architecture: Architecture,
): Promise<void> {
  const missing = await firstMissing(tree);
  if (missing !== null) {
    const sentence = `${archive} is not GitHub's runner for Linux, it has no ${missing} that can be run`;
    throw new ReleaseError("reject", sentence, "get actions-runner-linux-*.tar.gz");
  }
  const machine = await machineOf(join(tree, LISTENER));
  if (machine === null || machine === MACHINES[architecture]) return;
  const real = ARCHITECTURES.find((each) => MACHINES[each] === machine) ?? `ELF machine ${machine}`;
  throw new ReleaseError(
    "reject",
    `${archive} is for ${real}, not for ${architecture}`,
    `get the archive for ${architecture}, or say --arch`,
  );
}

/** What a node looks for too (node/node.sh), so that it never has to say so. */
async function firstMissing(tree: string): Promise<string | null> {
  const externals = await readdir(join(tree, "externals")).catch(() => []);
  const nodes = externals.filter((each) => each.startsWith("node")).map(nodeOf);
  const wanted = [LISTENER, "bin/Runner.Worker", ...(nodes.length > 0 ? nodes : [nodeOf("node*")])];
  for (const each of wanted) if (!(await isProgram(join(tree, each)))) return each;
  return null;
}

function nodeOf(version: string): string {
  return `externals/${version}/bin/node`;
}

async function isProgram(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile() && found.size > 0 && (found.mode & 0o100) !== 0,
    () => false,
  );
}

/** `null` for a script. */
async function machineOf(program: string): Promise<number | null> {
  const file = await open(program);
  try {
    const { buffer } = await file.read(Buffer.alloc(20), 0, 20, 0);
    return buffer.subarray(0, 4).equals(Buffer.from("\u007FELF", "latin1"))
      ? buffer.readUInt16LE(18)
      : null;
  } finally {
    await file.close();
  }
}

/** Why a release's listener cannot be run from here; `null` if it can. */
export function whyUnusable(release: string): string | null {
  const listener = join(release, LISTENER);
  try {
    // By root too, this fails on a filesystem that is mounted noexec.
    accessSync(listener, constants.X_OK);
    return statSync(listener).size > 0 ? null : `holds an empty ${LISTENER}`;
  } catch {
    return mayBeRun(listener)
      ? "is on a filesystem mounted noexec: nothing can be run from there"
      : `holds no ${LISTENER} that this user may run`;
  }
}

/** By its mode alone. */
function mayBeRun(program: string): boolean {
  try {
    const { mode, uid } = statSync(program);
    return (mode & (uid === process.getuid?.() ? 0o100 : 0o001)) !== 0;
  } catch {
    return false;
  }
}
