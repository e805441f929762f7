import type { Invariant } from "./check.ts";
import type { Breakage } from "../instance.ts";
import { OUTSIDER } from "../world.ts";

const TROUBLE = { kind: "unknown", reason: "broken on purpose" } as const;

/** For each invariant a program that does not keep it: a check that lets it pass is worth nothing. */
export const BREAKAGES: Readonly<Record<Invariant, Breakage>> = {
  "0 the program lives": {
    ports: (ports) => ({
      ...ports,
      clock: { ...ports.clock, wait: () => Promise.reject(new Error("broken on purpose")) },
    }),
  },
  "1 served or refused": {
    ports: (ports) => ({
      ...ports,
      pbs: altered(ports.pbs, { submit: () => Promise.resolve({ kind: "retry", reason: "no" }) }),
    }),
  },
  "2 no ceiling exceeded": {
    rules: (rules) => ({
      ...rules,
      pools: rules.pools.map((pool) => ({ ...pool, maxAllocations: pool.maxAllocations + 1 })),
    }),
  },
  "3 nothing left": {
    ports: (ports) => ({
      ...ports,
      github: altered(ports.github, { deleteRunner: () => Promise.resolve({ kind: "gone" }) }),
    }),
  },
  // A job is believed to be over as soon as it runs.
  "3 never a busy runner": {
    intake: (intake) => ({
      accept(delivery) {
        const text = JSON.stringify(delivery.payload).replaceAll("in_progress", "completed");
        return intake.accept({ ...delivery, payload: JSON.parse(text) });
      },
    }),
  },
  // Runners of each lane are made for another one.
  "4 only to its own lane": {
    ports: (ports) => ({
      ...ports,
      github: altered(ports.github, {
        mint: (request) => ports.github.mint({ ...request, labels: ["self-hosted", "other"] }),
      }),
    }),
  },
  // Deaf to every end of a job.
  "5 the same end": {
    intake: (intake) => ({
      accept(delivery) {
        const over = JSON.stringify(delivery.payload).includes('"status":"completed"');
        return over ? Promise.resolve() : intake.accept(delivery);
      },
    }),
    ports: (ports) => ({
      ...ports,
      github: altered(ports.github, { job: () => Promise.resolve(TROUBLE) }),
    }),
  },
  // What may have been done is done again.
  "6 a crash loses nothing and repeats nothing": {
    ports: (ports) => ({
      ...ports,
      pbs: altered(ports.pbs, {
        async submit(submission) {
          const outcome = await ports.pbs.submit(submission);
          return outcome.kind === "unknown" ? ports.pbs.submit(submission) : outcome;
        },
      }),
    }),
  },
  "7 one observation a tick": { statusInterval: 1_000 },
  // A cached answer is taken for the truth.
  "8 missing is not gone": {
    ports: (ports) => ({
      ...ports,
      pbs: altered(ports.pbs, { status: (ids) => ports.pbs.status(ids) }),
    }),
    rules: (rules) => ({ ...rules, patience: { ...rules.patience, absence: 0 } }),
  },
  "9 no secret is told": {
    ports: (ports, { see }) => ({
      ...ports,
      handoff: altered(ports.handoff, {
        deliver(allocation, turn, jitConfig) {
          see({ kind: "line", text: `{"msg":"Delivered","jitConfig":"${jitConfig}"}\n` });
          return ports.handoff.deliver(allocation, turn, jitConfig);
        },
      }),
    }),
  },
  "10 outsiders' text stays text": {
    ports: (ports) => ({
      ...ports,
      describe: (job) => ({
        ...ports.describe(job),
        select: `1:ncpus=1:host=$(touch ${OUTSIDER})`,
      }),
    }),
  },
  // It is forgotten for whom allocations are.
  "11 fair turns": {
    ports: (ports, _surroundings, store) => ({
      ...ports,
      pbs: altered(ports.pbs, {
        async submit(submission) {
          const outcome = await ports.pbs.submit(submission);
          for (const each of store.allocations.live())
            store.saveAllocation({ ...each, beneficiary: null });
          return outcome;
        },
      }),
    }),
  },
};

/** The port with some of its calls replaced: all others still go where they went. */
function altered<T extends object>(port: T, replaced: Partial<T>): T {
  return new Proxy(port, {
    get: (target, name) =>
      Reflect.get(Object.hasOwn(replaced, name) ? replaced : target, name) as unknown,
  });
}
