import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What GitHub's release 2.336.0 for linux-x64 is like, rounded: few large libraries, hundreds of small ones, four Nodes. */
const LARGE_LIBRARIES: Readonly<Record<string, number>> = {
  "System.Private.CoreLib.dll": 11_000_000,
  "System.Private.Xml.dll": 8_200_000,
  "libcoreclr.so": 7_100_000,
  "Microsoft.CSharp.dll": 1_000_000,
  "System.Linq.Expressions.dll": 3_900_000,
  "libclrjit.so": 3_300_000,
  "libmscordaccore.so": 2_600_000,
  "System.Data.Common.dll": 2_900_000,
  "System.Net.Http.dll": 1_800_000,
  "Sdk.dll": 1_300_000,
};
const SMALL_LIBRARIES = 236;
const BYTES_OF_BIN = 110_000_000;
const NODES = ["node20", "node20_alpine", "node24", "node24_alpine"];
const BYTES_OF_NODE = 92_000_000;
const SCRIPTS_OF_NODE = 1_650;
const BYTES_OF_SCRIPT = 5_000;
const AT_THE_TOP = ["config.sh", "env.sh", "run-helper.cmd.template", "run-helper.sh.template"];

/**
 * Adds to a small release what makes GitHub's own large: as many files as that has, each of its size times `scale`.
 */
export async function fillRelease(directory: string, scale: number): Promise<void> {
  const put = async (path: string, bytes: number, mode = 0o644): Promise<void> => {
    await writeFile(join(directory, path), noise(Math.ceil(bytes * scale)), { mode });
    await chmod(join(directory, path), mode);
  };
  await mkdir(join(directory, "bin"), { recursive: true });
  for (const [name, bytes] of Object.entries(LARGE_LIBRARIES)) await put(`bin/${name}`, bytes);
  const large = Object.values(LARGE_LIBRARIES).reduce((sum, bytes) => sum + bytes, 0);
  const each = (BYTES_OF_BIN - large) / SMALL_LIBRARIES;
  for (let index = 0; index < SMALL_LIBRARIES; index++) {
    // From next to nothing to twice the mean.
    await put(`bin/System.Part${index}.dll`, each * (2 * ((index + 0.5) / SMALL_LIBRARIES)));
  }
  for (const name of ["Runner.PluginHost", "createdump", "installdependencies.sh"]) {
    await put(`bin/${name}`, 80_000, 0o755);
  }
  for (const name of AT_THE_TOP) await put(name, 2_000, 0o755);
  for (const node of NODES) await fillNode(directory, `externals/${node}`, put);
}

async function fillNode(
  directory: string,
  node: string,
  put: (path: string, bytes: number, mode?: number) => Promise<void>,
): Promise<void> {
  const modules = `${node}/lib/node_modules/npm`;
  await mkdir(join(directory, node, "bin"), { recursive: true });
  await put(`${node}/bin/node`, BYTES_OF_NODE, 0o755);
  for (let index = 0; index < SCRIPTS_OF_NODE; index++) {
    const part = `${modules}/node_modules/part${Math.floor(index / 12)}`;
    if (index % 12 === 0) await mkdir(join(directory, part), { recursive: true });
    await put(`${part}/file${index}.js`, BYTES_OF_SCRIPT);
  }
  await symlink(
    "../lib/node_modules/npm/node_modules/part0/file0.js",
    join(directory, node, "bin/npm"),
  );
}

/** Bytes that a filesystem cannot store as a hole, and that gzip can make fewer. */
const PATTERN = Buffer.from(
  Array.from({ length: 65_536 }, (_unused, index) => ((index * 2_654_435_761) >>> 13) & 0x7f),
);

function noise(bytes: number): Buffer {
  return Buffer.alloc(bytes, PATTERN);
}
