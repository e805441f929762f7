import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { spreadOf, type Benchmark, type Figure } from "./figure.ts";
import { EventStream } from "./intake/events.ts";
import { send } from "./intake/load.ts";
import { startOther, startOurs, type WebhookServer } from "./intake/server.ts";
import { cpuTime } from "./process.ts";

const EVENTS = 15_000;
/** Before the first round, so that nobody is measured while its code is compiled. */
const WARM_UP = 5_000;

interface Turn {
  readonly perSecond: number;
  readonly cpu: number;
}

export const intake: Benchmark = {
  name: "intake",
  about: `signed workflow_job events of 11 kB over 16 connections, ${EVENTS} a turn, each server on the same one core`,
  async run(rounds) {
    const ours = new Contestant("ours", await startOurs());
    const others = [
      new Contestant("bare node:http + HMAC", await startOther("bare-server")),
      new Contestant("the same + JSON.parse", await startOther("bare-server", { PARSE: "1" })),
      new Contestant("Probot's Server", await startOther("probot-server")),
    ];
    const all = [ours, ...others];
    try {
      for (const each of all) await each.turn(WARM_UP);
      for (const each of all) each.turns.length = 0;
      const syncs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        for (const each of all) await each.turn(EVENTS);
        syncs.push(syncTime());
      }
      await ours.checkStored();
      return [
        ...figuresOf(ours, others),
        {
          name: "fsync of 40 kB",
          unit: "ms",
          samples: syncs,
          note: "what ours waits for, once for at most 16 events; no other server writes anything.",
        },
      ];
    } finally {
      for (const each of all) await each.server.close();
    }
  },
};

class Contestant {
  readonly turns: Turn[] = [];
  readonly name: string;
  readonly server: WebhookServer;
  readonly #events: EventStream;
  #sent = 0;

  constructor(name: string, server: WebhookServer) {
    this.name = name;
    this.server = server;
    this.#events = new EventStream(server.secret);
  }

  async turn(count: number): Promise<void> {
    const { pid, url } = this.server;
    const events = this.#events.next(count);
    const before = cpuTime(pid);
    const seconds = await send(url, events);
    this.turns.push({ perSecond: count / seconds, cpu: (cpuTime(pid) - before) / count });
    this.#sent += count;
  }

  /** What was answered must be in the file, or the figure is worth nothing. */
  async checkStored(): Promise<void> {
    const { stateDirectory } = this.server;
    if (stateDirectory === null) throw new Error("It stores nothing");
    await this.server.stop();
    const db = new Database(join(stateDirectory, "store.sqlite"));
    const [stored] = db.prepare("SELECT count(*) FROM deliveries").raw().all();
    db.close();
    if (Number(stored) !== this.#sent) {
      throw new Error(`${this.#sent} events were answered and ${String(stored)} are stored`);
    }
  }
}

/** Milliseconds that this disk takes at the moment for a durable write as large as one transaction's; the median of many. */
function syncTime(): number {
  const directory = mkdtempSync(join(tmpdir(), "hpc-runners-bench-"));
  const file = openSync(join(directory, "file"), "w");
  const times = Array.from({ length: 100 }, () => {
    writeSync(file, Buffer.alloc(40_960, 1));
    const began = performance.now();
    fsyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  rmSync(directory, { recursive: true });
  return spreadOf(times).median;
}

function figuresOf(ours: Contestant, others: readonly Contestant[]): Figure[] {
  const figure = (
    name: string,
    unit: string,
    of: (turn: Turn) => number,
    other: Contestant,
  ): Figure => ({
    name,
    unit,
    samples: ours.turns.map(of),
    baseline: { name: `${unit} ${other.name}`, samples: other.turns.map(of) },
  });
  return [
    ...others.map((other, index): Figure => ({
      ...figure("events stored", "/s", ({ perSecond }) => perSecond, other),
      ...(index === 0 ? { goal: { of: "ratio", at: "least", value: 0.5 } } : {}),
    })),
    ...others.map((other) => figure("CPU an event", "µs", ({ cpu }) => cpu, other)),
  ];
}
