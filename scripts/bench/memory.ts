import { setTimeout as wait } from "node:timers/promises";
import type { Benchmark, Figure } from "./figure.ts";
import { EventStream } from "./intake/events.ts";
import { send } from "./intake/load.ts";
import { startOther, startOurs, type WebhookServer } from "./intake/server.ts";
import { residentMemory } from "./process.ts";

const JOBS = 10_000;
const EVENTS = 3 * JOBS;
const CONNECTIONS = 64;
const EVERY = 50;
/** What is idle has collected its garbage by then, if it ever does. */
const REST = 5_000;

interface Life {
  readonly idle: number;
  readonly loaded: number;
  readonly after: number;
}

export const memory: Benchmark = {
  name: "memory",
  about: `resident memory of a process: before, during and after the events of ${JOBS} jobs`,
  async run(rounds) {
    const ours: Life[] = [];
    const theirs: Life[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await live(await startOurs()));
      theirs.push(await live(await startOther("probot-server")));
    }
    return [
      figure("idle, before", ours, theirs, ({ idle }) => idle),
      figure("most under load", ours, theirs, ({ loaded }) => loaded),
      figure(`idle, after ${JOBS} ended jobs`, ours, theirs, ({ after }) => after),
    ];
  },
};

async function live(server: WebhookServer): Promise<Life> {
  try {
    await wait(REST);
    const idle = residentMemory(server.pid);
    const events = new EventStream(server.secret).next(EVENTS);
    let loaded = idle;
    const timer = setInterval(() => {
      loaded = Math.max(loaded, residentMemory(server.pid));
    }, EVERY);
    await send(server.url, events, CONNECTIONS)
      .then(() => server.settled())
      .finally(() => clearInterval(timer));
    await wait(REST);
    return { idle, loaded, after: residentMemory(server.pid) };
  } finally {
    await server.close();
  }
}

function figure(
  name: string,
  ours: readonly Life[],
  theirs: readonly Life[],
  of: (life: Life) => number,
): Figure {
  return {
    name,
    unit: "MB",
    samples: ours.map(of),
    baseline: { name: "MB Probot's Server", samples: theirs.map(of) },
  };
}
