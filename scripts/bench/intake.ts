import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
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
/**
 * Connections. GitHub does not say how many deliveries it sends at once; the more it does, the more of them share a durable
 * write. The goal is for the second.
 */
const CONNECTIONS = [128, 64, 16] as const;
const USUAL = CONNECTIONS[1];

interface Turn {
  readonly answered: number;
  /** All that was answered was also read and stored. Events a second, as `answered`. */
  readonly stored: number;
  /** Until then. Microseconds an event. */
  readonly cpu: number;
}

export const intake: Benchmark = {
  name: "intake",
  about: `signed workflow_job events of 11 kB over ${CONNECTIONS.join(", ")} connections, ${EVENTS} a turn, each server on the same one core`,
  async run(rounds) {
    const ours = new Contestant("ours", await startOurs());
    const others = [
      new Contestant("bare node:http + HMAC", await startOther("bare-server")),
      new Contestant("the same + JSON.parse", await startOther("bare-server", { PARSE: "1" })),
      new Contestant("Probot's Server", await startOther("probot-server")),
    ];
    const all = [ours, ...others];
    try {
      for (const each of all) await each.turn(WARM_UP, USUAL);
      for (const each of all) each.turns.clear();
      const syncs: number[] = [];
      for (let round = 0; round < rounds; round++) {
        for (const connections of CONNECTIONS) {
          for (const each of all) await each.turn(EVENTS, connections);
        }
        syncs.push(syncTime());
      }
      await ours.checkStored();
      return [
        ...figuresOf(ours, others),
        {
          name: "fdatasync of 60 events",
          unit: "ms",
          samples: syncs,
          note: "what ours waits for, once for all that came meanwhile; no other server writes anything.",
        },
      ];
    } finally {
      for (const each of all) await each.server.close();
    }
  },
};

class Contestant {
  /** By the number of connections. */
  readonly turns = new Map<number, Turn[]>();
  readonly name: string;
  readonly server: WebhookServer;
  readonly #events: EventStream;
  #sent = 0;

  constructor(name: string, server: WebhookServer) {
    this.name = name;
    this.server = server;
    this.#events = new EventStream(server.secret);
  }

  async turn(count: number, connections: number): Promise<void> {
    const { pid, url } = this.server;
    const events = this.#events.next(count);
    const before = cpuTime(pid);
    const began = performance.now();
    const seconds = await send(url, events, connections);
    await this.server.settled();
    const turns = this.turns.get(connections) ?? [];
    this.turns.set(connections, turns);
    turns.push({
      answered: count / seconds,
      stored: (1_000 * count) / (performance.now() - began),
      cpu: (cpuTime(pid) - before) / count,
    });
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

/** Milliseconds that this disk takes at the moment to append durably what one write of ours has; the median of many. */
function syncTime(): number {
  const directory = mkdtempSync(join(tmpdir(), "hpc-runners-bench-"));
  const file = openSync(join(directory, "file"), "w");
  const times = Array.from({ length: 100 }, () => {
    writeSync(file, Buffer.alloc(60 * 11_300, 1));
    const began = performance.now();
    fdatasyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  rmSync(directory, { recursive: true });
  return spreadOf(times).median;
}

function figuresOf(ours: Contestant, others: readonly Contestant[]): Figure[] {
  const [bare, parsing, probot] = others;
  const figure = (
    name: string,
    unit: string,
    of: (turn: Turn) => number,
    other: Contestant | undefined,
    connections: number = USUAL,
  ): Figure => ({
    name,
    unit,
    samples: (ours.turns.get(connections) ?? []).map(of),
    baseline: {
      name: `${unit} ${other?.name ?? ""}`,
      samples: (other?.turns.get(connections) ?? []).map(of),
    },
  });
  const goal: Figure["goal"] = { of: "ratio", at: "least", value: 0.5 };
  return [
    ...CONNECTIONS.map((connections) => ({
      ...figure(
        `taken in over ${connections}`,
        "/s",
        ({ answered }) => answered,
        bare,
        connections,
      ),
      ...(connections === USUAL ? { goal } : {}),
    })),
    figure(`taken in over ${USUAL}`, "/s", ({ answered }) => answered, probot),
    figure("read and stored, too", "/s", ({ stored }) => stored, parsing),
    figure("read and stored, too", "/s", ({ stored }) => stored, probot),
    ...others.map((other) => figure("CPU an event", "µs", ({ cpu }) => cpu, other)),
  ];
}
