import { readdir, readFile } from "node:fs/promises";

/**
 * The processes of one job: its process group, and those that left the group but still carry the job's mark in their
 * environment. PBS too finds what a job started with setsid, and kills it when the job ends (measured).
 */
export class JobProcesses {
  /** The process group; 0 when the job was never started. */
  readonly group: number;
  readonly #mark: string;

  constructor(group: number, mark: string) {
    this.group = group;
    this.#mark = mark;
  }

  signal(signal: NodeJS.Signals): void {
    if (this.group > 1) send(-this.group, signal);
    void this.#strays().then((strays) => {
      for (const pid of strays) send(pid, signal);
    });
  }

  /** Whether any process of the job runs; a zombie that nobody reaps does not. */
  async live(): Promise<boolean> {
    return (await this.#find()).length > 0;
  }

  /** KILL for everything, until a look finds nothing more: a process may fork while it is looked for. */
  async killAll(): Promise<void> {
    if (this.group > 1) send(-this.group, "SIGKILL");
    for (let look = 0; look < 20; look += 1) {
      const found = await this.#find();
      if (found.length === 0) return;
      for (const pid of found) send(pid, "SIGKILL");
    }
  }

  async #find(): Promise<number[]> {
    const found: number[] = [];
    for (const pid of await processIds()) {
      const { group, state } = await statOf(pid);
      if (state === "Z" || state === "") continue;
      if ((this.group > 1 && group === this.group) || (await this.#isMarked(pid))) found.push(pid);
    }
    return found;
  }

  async #strays(): Promise<number[]> {
    const strays: number[] = [];
    for (const pid of await processIds()) {
      if ((await statOf(pid)).group !== this.group && (await this.#isMarked(pid))) strays.push(pid);
    }
    return strays;
  }

  /** Other users' processes cannot be read, and are none of ours. */
  async #isMarked(pid: number): Promise<boolean> {
    const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
    return environment.split("\0").includes(this.#mark);
  }
}

async function processIds(): Promise<number[]> {
  const entries = await readdir("/proc").catch(() => []);
  return entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
}

async function statOf(pid: number): Promise<{ readonly state: string; readonly group: number }> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [state = "", , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state, group: Number(group) };
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
