import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PbsState } from "../../domain/pbs-job.ts";
import type { EpochMs } from "../../domain/time.ts";
import { programOf, quote } from "../program.ts";
import { Cluster } from "./cluster.ts";
import { PbsFaults } from "./faults.ts";
import { settingsFrom, type Peer, type PbsEmulatorOptions } from "./options.ts";
import { listen } from "./server.ts";

/** A job of the emulated PBS at one moment. */
export interface JobSnapshot {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly queue: string;
  readonly account: string | null;
  readonly state: PbsState;
  readonly ncpus: number;
  readonly comment: string | null;
  readonly exitStatus: number | null;
  readonly createdAt: EpochMs;
  readonly startedAt: EpochMs | null;
  readonly endedAt: EpochMs | null;
  /** The job's process group; `null` until it runs. */
  readonly pid: number | null;
}

export interface PbsEmulator extends Peer {
  /** Holds `qsub`, `qstat`, `qdel`, `qselect` and `pbsnodes`. */
  readonly binDirectory: string;
  readonly faults: PbsFaults;
  /** All jobs, also the ended ones if history is kept, in the order they came. */
  jobs(): JobSnapshot[];
  /** Kills every job's processes and stops answering. The commands then find no server. */
  stop(): Promise<void>;
}

const COMMANDS = ["qsub", "qstat", "qdel", "qselect", "pbsnodes"] as const;

/**
 * A small PBS: its server lives in this process, its commands and its jobs are processes of their own. Jobs run as
 * this user, under bash. It is true to OpenPBS as far as the captures in test/fixtures/pbs show it.
 */
export async function startPbsEmulator(options: PbsEmulatorOptions = {}): Promise<PbsEmulator> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "pbs-emulator-")));
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const settings = settingsFrom(options, directory);
  const cluster = new Cluster(settings);
  const faults = new PbsFaults(cluster);
  // Not in `directory`: a unix-domain socket's path may have at most 107 bytes.
  const socketDirectory = await mkdtemp("/tmp/pbs-");
  const socketPath = join(socketDirectory, "s");
  const server = await listen(socketPath, cluster, faults);
  const binDirectory = join(directory, "bin");
  const own: Peer = { server: settings.server, socketPath };
  await writeCommands(binDirectory, own, settings.peers);
  return {
    ...own,
    binDirectory,
    faults,
    jobs: () => snapshots(cluster),
    async stop() {
      faults.goOn();
      await cluster.stop();
      await server.close();
      await rm(socketDirectory, { recursive: true, force: true });
      // What it was given to work in belongs to the caller: logs are still to be read there.
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

function snapshots(cluster: Cluster): JobSnapshot[] {
  return [...cluster.jobs.values()].map((job) => ({
    id: job.id,
    name: job.request.name,
    owner: job.owner,
    queue: job.request.queue,
    account: job.request.account,
    state: job.state,
    ncpus: job.request.ncpus,
    comment: job.comment,
    exitStatus: job.exitStatus,
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    endedAt: job.endedAt,
    pid: job.sessionId,
  }));
}

async function writeCommands(directory: string, own: Peer, peers: readonly Peer[]): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const node = programOf(import.meta.url, "./client")
    .map(quote)
    .join(" ");
  for (const command of COMMANDS) {
    const path = join(directory, command);
    const sockets = [own, ...peers].map((each) => [each.server, each.socketPath]);
    const servers = JSON.stringify(Object.fromEntries(sockets));
    const words = [servers, own.server, command].map(quote).join(" ");
    await writeFile(path, `#!/bin/sh\nexec ${node} ${words} "$@"\n`);
    await chmod(path, 0o700);
  }
}
