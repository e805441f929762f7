import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Header } from "tar";
import { pack } from "../../../src/emulator/releases/archive.ts";

const MACHINES = { x64: 62, arm64: 183 };

/** The first bytes of a program for Linux on one architecture. */
function elf(architecture: keyof typeof MACHINES): Buffer {
  const header = Buffer.alloc(64);
  header.write("\u007FELF\u0002\u0001\u0001", "latin1");
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(MACHINES[architecture], 18);
  return header;
}

export interface LikenessOptions {
  readonly architecture?: keyof typeof MACHINES;
  /** Of filling, which does not compress. */
  readonly bytes?: number;
  readonly listener?: boolean;
}

const made = new Map<string, Promise<Buffer>>();

/** An archive laid out as GitHub's own of 2.336.0: bin, two Nodes with their links, scripts at the top. */
export function releaseLike(options: LikenessOptions = {}): Promise<Buffer> {
  const key = JSON.stringify(options);
  const known = made.get(key) ?? make(options);
  made.set(key, known);
  return known;
}

async function make({
  architecture = "x64",
  bytes = 300_000,
  listener = true,
}: LikenessOptions): Promise<Buffer> {
  const directory = mkdtempSync(join(tmpdir(), "hpc-runners-test-"));
  try {
    writeLikeness(join(directory, "tree"), architecture, bytes, listener);
    return await pack(join(directory, "tree"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function writeLikeness(
  tree: string,
  architecture: keyof typeof MACHINES,
  bytes: number,
  listener: boolean,
): void {
  const program = elf(architecture);
  const put = (path: string, content: string | Buffer, mode = 0o644): void => {
    mkdirSync(join(tree, path, ".."), { recursive: true });
    writeFileSync(join(tree, path), content, { mode });
  };
  if (listener) put("bin/Runner.Listener", program, 0o755);
  put("bin/Runner.Worker", program, 0o755);
  put("bin/Runner.PluginHost", program, 0o755);
  put("bin/installdependencies.sh", "#!/bin/bash\n", 0o755);
  for (let index = 0; index < 40; index++) put(`bin/System.Part${index}.dll`, `dll ${index}`);
  put("bin/hashFiles/index.js", noise(bytes));
  for (const node of ["node20", "node24"]) {
    put(`externals/${node}/bin/node`, program, 0o755);
    const modules = `externals/${node}/lib/node_modules/npm`;
    put(`${modules}/bin/npm-cli.js`, "#!/usr/bin/env node\n", 0o755);
    for (let index = 0; index < 60; index++) put(`${modules}/lib/part${index}.js`, "// part\n");
    symlinkSync("../lib/node_modules/npm/bin/npm-cli.js", join(tree, `externals/${node}/bin/npm`));
  }
  for (const script of ["run.sh", "config.sh", "env.sh", "safe_sleep.sh"]) {
    put(script, "#!/bin/bash\n", 0o755);
  }
  put("run-helper.sh.template", "#!/bin/bash\n", 0o755);
}

/** Bytes that are always the same and that gzip cannot make fewer. */
function noise(bytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let index = 0; index * 32 < bytes; index++) {
    parts.push(createHash("sha256").update(String(index)).digest());
  }
  return Buffer.concat(parts);
}

export interface Entry {
  readonly path: string;
  readonly type?: "File" | "SymbolicLink" | "Link" | "FIFO" | "CharacterDevice" | "Directory";
  readonly linkpath?: string;
  readonly mode?: number;
  readonly content?: string;
}

/** The least that passes for a runner. */
export function leastRelease(listener = "#!/bin/sh\n", mode = 0o755): readonly Entry[] {
  const content = "#!/bin/sh\n";
  return [
    { path: "./bin/Runner.Listener", mode, content: listener },
    { path: "./bin/Runner.Worker", mode: 0o755, content },
    { path: "./externals/node20/bin/node", mode: 0o755, content },
  ];
}

/** An archive with whatever is in it, as only somebody with bad intentions makes one. */
export function archiveOf(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(
    ({ path, type = "File", linkpath, mode = 0o644, content = "" }) => {
      const body = Buffer.from(content);
      const header = new Header({
        path,
        type,
        mode,
        size: body.length,
        mtime: new Date(0),
        uid: 0,
        gid: 0,
        ...(linkpath === undefined ? {} : { linkpath }),
      });
      const block = Buffer.alloc(512);
      header.encode(block, 0);
      return [block, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
    },
  );
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
