import { join } from "node:path";
import Database from "libsql";
import type { Benchmark, Figure } from "./figure.ts";
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
    const servers = [await startOurs(), await startOther("bare-server")] as const;
    const probot = await startOther("probot-server");
    const contestants = [...servers, probot].map((server) => new Contestant(server));
    try {
      for (const each of contestants) await each.turn(WARM_UP);
      for (const each of contestants) each.turns.length = 0;
      for (let round = 0; round < rounds; round++) {
        for (const each of contestants) await each.turn(EVENTS);
      }
      const [ours, bare, theirs] = contestants;
      if (!ours || !bare || !theirs) throw new Error("Nothing was measured");
      await ours.checkStored();
      return figuresOf(ours, bare, theirs);
    } finally {
      for (const each of contestants) await each.server.close();
    }
  },
};

class Contestant {
  readonly turns: Turn[] = [];
  readonly server: WebhookServer;
  readonly #events: EventStream;
  #sent = 0;

  constructor(server: WebhookServer) {
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

function figuresOf(ours: Contestant, bare: Contestant, theirs: Contestant): Figure[] {
  const perSecond = ({ turns }: Contestant): number[] => turns.map((turn) => turn.perSecond);
  const cpu = ({ turns }: Contestant): number[] => turns.map((turn) => turn.cpu);
  return [
    {
      name: "events stored",
      unit: "/s",
      samples: perSecond(ours),
      baseline: { name: "/s bare node:http + HMAC", samples: perSecond(bare) },
      goal: { of: "ratio", at: "least", value: 0.5 },
      note: "ours also parses, checks, stores durably, logs and plans; bare node only checks the signature.",
    },
    {
      name: "events stored",
      unit: "/s",
      samples: perSecond(ours),
      baseline: { name: "/s Probot's Server", samples: perSecond(theirs) },
      note: "Probot checks and parses, and has one subscriber that does nothing.",
    },
    {
      name: "CPU an event",
      unit: "µs",
      samples: cpu(ours),
      baseline: { name: "µs bare node:http + HMAC", samples: cpu(bare) },
    },
    {
      name: "CPU an event",
      unit: "µs",
      samples: cpu(ours),
      baseline: { name: "µs Probot's Server", samples: cpu(theirs) },
    },
  ];
}
