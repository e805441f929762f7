import { live, type Day, type Policy } from "./day/live.ts";
import { traceOf } from "./day/trace.ts";
import { quantileOf, spreadOf, type Benchmark, type Figure } from "./figure.ts";

const NEVER: Policy = { reuse: "never", idleSeconds: 0 };
const REUSES: readonly Policy[] = [
  { reuse: "lane", idleSeconds: 120 },
  { reuse: "lane", idleSeconds: 60 },
  { reuse: "same-repository", idleSeconds: 60 },
];

export const day: Benchmark = {
  name: "day",
  about:
    "200 jobs of 1–5 min of 3 repositories over 4 h, in virtual time; queue wait 5 min, 16 slots; each round another day",
  async run(rounds) {
    const without: Day[] = [];
    const days = new Map<Policy, Day[]>(REUSES.map((policy) => [policy, []]));
    for (let round = 0; round < rounds; round++) {
      const jobs = traceOf(round);
      without.push(await live(round, jobs, NEVER));
      for (const [policy, each] of days) each.push(await live(round, jobs, policy));
    }
    return [...days].flatMap(([policy, each]) => figuresOf(policy, each, without));
  },
};

function figuresOf(
  { reuse, idleSeconds }: Policy,
  days: readonly Day[],
  without: readonly Day[],
): Figure[] {
  const name = `${reuse}, idle ${idleSeconds} s`;
  const against = (of: (each: Day) => number, unit: string) => ({
    unit,
    samples: days.map(of),
    baseline: { name: `${unit} never`, samples: without.map(of) },
  });
  return [
    {
      name: `${name}: median wait`,
      ...against(({ waits }) => spreadOf(waits).median, "min"),
      goal: { of: "ratio", at: "most", value: 0.2 },
    },
    { name: `${name}: 95th percentile`, ...against(({ waits }) => quantileOf(waits, 0.95), "min") },
    {
      name: `${name}: node-hours`,
      ...against(({ nodeHours }) => nodeHours, "h"),
      goal: { of: "ratio", at: "most", value: 1.15 },
    },
  ];
}
