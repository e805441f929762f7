import type { Scenario } from "../scenario.ts";
import { simulate, type Outcome } from "../simulation.ts";

/** Leaves out whatever can be left out so that the same invariant is still broken. */
export async function shrink(
  scenario: Scenario,
  outcome: Outcome,
): Promise<{ readonly scenario: Scenario; readonly outcome: Outcome }> {
  const invariant = outcome.violation?.invariant;
  let best = { scenario, outcome };
  for (let again = true; again;) {
    again = false;
    for (const candidate of smaller(best.scenario)) {
      const tried = await simulate(candidate);
      if (tried.violation?.invariant !== invariant) continue;
      best = { scenario: candidate, outcome: tried };
      again = true;
      break;
    }
  }
  return best;
}

function smaller(scenario: Scenario): Scenario[] {
  const { disturbances, jobs } = scenario;
  return [
    ...disturbances.map((each) => ({
      ...scenario,
      disturbances: disturbances.filter((other) => other !== each),
    })),
    ...(jobs.length > 1
      ? jobs.map((each) => ({ ...scenario, jobs: jobs.filter((other) => other !== each) }))
      : []),
  ];
}

/** What a person needs to understand and replay a failure. */
export function report({ scenario, outcome }: Awaited<ReturnType<typeof shrink>>): string {
  const { seed, jobs, disturbances } = scenario;
  const { violation } = outcome;
  return [
    `seed ${seed}: ${violation ? `${violation.invariant}: ${violation.message}` : "no violation"}`,
    `replay: npm run simulate -- --seed ${seed}`,
    `the shortest history found: ${jobs.length} jobs, faults ${disturbances.map(({ fault }) => fault).join(", ") || "none"}`,
    ...outcome.history.map((line) => `  ${line}`),
  ].join("\n");
}
