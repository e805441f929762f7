/** What a pool wants of the compute nodes that its runners run on. Paths are absolute there. */
export interface NodeSettings {
  /** Run the allocation's script in a login shell: profiles define `module` and the like. */
  readonly loginShell: boolean;
  readonly proxy: {
    readonly https: string | null;
    readonly http: string | null;
    /** Hosts that are reached directly. */
    readonly except: readonly string[];
  };
  /** PEM file of authorities trusted besides the node's own; `null` for none. */
  readonly certificates: string | null;
  /** A job's `TMPDIR`: in its runner's root, the PBS job's, or a directory. */
  readonly temporary: string;
  /** `RUNNER_TOOL_CACHE`; `null` for one in the runner's root. */
  readonly toolCache: string | null;
  /** `ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE`; `null` for none. */
  readonly actionCache: string | null;
  /** Programs that run before a job's first step; the first that fails ends the job. */
  readonly jobStarted: readonly string[];
  /** Programs that run after a job's last step. */
  readonly jobCompleted: readonly string[];
  /** Before the end of the walltime, when a job's step is stopped: its log says so, and later steps can save its work. */
  readonly marginSeconds: number;
  /** In which a runner must have connected to GitHub. */
  readonly connectSeconds: number;
  /** In which a connected runner must have been given a job. */
  readonly idleSeconds: number;
}

export const DEFAULT_NODE_SETTINGS: NodeSettings = {
  loginShell: true,
  proxy: { https: null, http: null, except: [] },
  certificates: null,
  temporary: "runner",
  toolCache: null,
  actionCache: null,
  jobStarted: [],
  jobCompleted: [],
  // The runner wants 40 s to end a step and say so; its log and artifacts go up after that (facts/github.md §6).
  marginSeconds: 90,
  // .NET starts in seconds; a session that GitHub still has from before is retried for 4 min (BrokerMessageListener.cs).
  connectSeconds: 5 * 60,
  // Only the net below the plan's own, sooner deregistration, which GitHub refuses for a runner that was just given a job.
  idleSeconds: 10 * 60,
};
