/** A queue of the emulated server, with what it refuses. */
export interface EmulatedQueue {
  readonly name: string;
  /** Not enabled: `qsub` is refused (173). */
  readonly enabled?: boolean;
  /** Not started: jobs wait. */
  readonly started?: boolean;
  readonly maxWalltimeSeconds?: number;
  readonly maxNcpus?: number;
  /** Jobs of one user that may be there at a time (38). */
  readonly maxQueued?: number;
  /** Only these users (159). */
  readonly users?: readonly string[];
}

/** An emulated server, as commands find it. */
export interface Peer {
  readonly server: string;
  readonly socketPath: string;
}

export interface PbsEmulatorOptions {
  /** Where everything of the emulator is kept; a new directory under the system's temporary one by default. */
  readonly directory?: string;
  /** The server's and the node's name, as in the samples: `vm`. */
  readonly server?: string;
  readonly ncpus?: number;
  /** The first is the default one. */
  readonly queues?: readonly EmulatedQueue[];
  /** What a site's hook says about an account: its text makes `qsub` fail with 32. `null` accounts are ones not given. */
  readonly accountHook?: (account: string | null) => string | null;
  /** Milliseconds a job waits at least before it may start; `ordinal` counts jobs from 0, an array's one by one. */
  readonly queueWait?: (ordinal: number) => number;
  /** Strict: a job that does not fit keeps those behind it waiting. Otherwise smaller ones pass. */
  readonly strictOrdering?: boolean;
  /** Milliseconds between TERM and KILL. PBS was measured to take 11 to 24 s. */
  readonly killDelay?: number;
  /** The server's max_array_size. */
  readonly maxArraySize?: number;
  /** Other emulated servers that this one's commands can reach, as `queue@server` and by their jobs' ids. */
  readonly peers?: readonly Peer[];
  /** Whether ended jobs are kept (`qstat -x`). */
  readonly history?: boolean;
  /** Resource names of `select` besides PBS's own, as a site defines them (`gpu_type`). */
  readonly resources?: readonly string[];
  /** What a job finds in its environment besides what PBS sets; PBS passes nothing of the submitter's on. */
  readonly jobEnvironment?: Readonly<Record<string, string>>;
  /** Called when a job changes its state: for tests and displays that would otherwise have to ask again and again. */
  readonly onChange?: () => void;
}

export interface Settings extends Required<
  Omit<PbsEmulatorOptions, "jobEnvironment" | "onChange">
> {
  readonly jobEnvironment: Readonly<Record<string, string>>;
  readonly onChange: () => void;
}

export function settingsFrom(options: PbsEmulatorOptions, directory: string): Settings {
  return {
    directory,
    server: "vm",
    ncpus: 4,
    queues: [{ name: "workq" }],
    accountHook: () => null,
    queueWait: () => 0,
    strictOrdering: false,
    killDelay: 2_000,
    maxArraySize: 10_000,
    peers: [],
    history: true,
    resources: [],
    jobEnvironment: {},
    onChange: () => undefined,
    ...options,
  };
}
