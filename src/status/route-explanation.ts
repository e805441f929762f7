import { includesAll, printable, showLabels, toLabelSet, type LabelSet } from "../domain/labels.ts";
import { laneOf, takesFurtherJobs, type Lane } from "../domain/lane.ts";
import type { Pool } from "../domain/pool.ts";
import { parseResourceLabel } from "../domain/resources/key.ts";
import type { Resolved } from "../domain/resources/request.ts";
import { candidatesFor, routeJob } from "../domain/routing.ts";
import type { RegistrationScope } from "../domain/workflow-job.ts";
import { qsubArguments } from "../pbs/qsub.ts";
import type { Submission } from "../pbs/pbs.ts";

/** Why a job with these labels goes where it goes. */
export interface RouteExplanation {
  readonly labels: LabelSet;
  /** Every pool, the best first, and what becomes of the job in it: the rest of a sentence after its name. */
  readonly pools: readonly {
    readonly name: string;
    readonly takes: boolean;
    readonly why: string;
  }[];
  readonly outcome:
    | {
        readonly kind: "lane";
        readonly lane: Lane;
        readonly values: readonly ResolvedValue[];
        /** The words of the command, the allocation's name and log directory as they would be. */
        readonly qsub: readonly string[];
        readonly reuse: string;
      }
    | { readonly kind: "refused"; readonly reason: string };
}

export interface ResolvedValue {
  readonly key: string;
  readonly value: string;
  readonly from: "label" | "default";
}

const SCOPE: RegistrationScope = { installationId: 0, organization: "" };

/** Explains by the rules that the plan itself goes by. */
export function explainRoute(
  runsOn: readonly string[],
  pools: readonly Pool[],
  submissionOf: (lane: Lane) => Submission,
): RouteExplanation {
  const labels = toLabelSet(runsOn);
  const candidates = candidatesFor(labels, pools);
  const route = routeJob({ labels, scope: SCOPE }, pools);
  const taker = route.kind === "lane" ? route.lane.pool : null;
  const answering = candidates.map(({ pool, resolved }) => ({
    name: pool.name,
    takes: pool.name === taker,
    why: whyCandidate(labels, pool, resolved, taker),
  }));
  const others = pools
    .filter((pool) => !candidates.some((each) => each.pool === pool))
    .map((pool) => ({ name: pool.name, takes: false, why: whyNot(labels, pool) }));
  const found = candidates.find(({ pool }) => pool.name === taker);
  return {
    labels,
    pools: [...answering, ...others],
    outcome:
      route.kind === "refused" || found?.resolved.kind !== "request"
        ? { kind: "refused", reason: route.kind === "refused" ? route.reason : "" }
        : laneOutcome(labels, found.pool, found.resolved, submissionOf),
  };
}

function laneOutcome(
  labels: LabelSet,
  pool: Pool,
  { request, values }: Resolved & { kind: "request" },
  submissionOf: (lane: Lane) => Submission,
): RouteExplanation["outcome"] {
  const asked = new Set(labels.flatMap((label) => parseResourceLabel(label)?.key ?? []));
  const lane = laneOf(labels, SCOPE, pool, request);
  const further = takesFurtherJobs(lane, pool);
  return {
    kind: "lane",
    lane,
    values: [...values].map(([key, value]) => ({
      key,
      value,
      from: asked.has(key) ? "label" : "default",
    })),
    qsub: ["qsub", ...qsubArguments(submissionOf(lane))],
    reuse: further ? `further jobs (${pool.reuse})` : "one job",
  };
}

function whyCandidate(
  labels: LabelSet,
  pool: Pool,
  resolved: Resolved,
  taker: string | null,
): string {
  if (resolved.kind === "refused") return `cannot take it. ${resolved.reason}`;
  const spare = pool.labels.filter((label) => !labels.includes(label));
  const besides =
    spare.length === 0 ? "has just its labels" : `has its labels and ${showLabels(spare)}`;
  return pool.name === taker
    ? `takes it: ${besides}`
    : `could take it, but comes later: ${besides}`;
}

function whyNot(labels: LabelSet, pool: Pool): string {
  const missing = labels.filter(
    (label) => !includesAll(pool.labels, [label]) && parseResourceLabel(label) === null,
  );
  if (missing.length === 0) return "does not answer to resources alone";
  return `lacks ${missing.length === 1 ? "the label" : "the labels"} ${missing
    .slice(0, 5)
    .map((label) => printable(label, 60))
    .join(", ")}`;
}
