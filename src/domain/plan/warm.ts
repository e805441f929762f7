import { routeJob } from "../routing.ts";
import { isOpen, type WarmRule } from "../warm.ts";
import type { RegistrationScope } from "../workflow-job.ts";
import { viewOf, type Survey } from "./survey.ts";

/** By lane: how many allocations are kept beyond what queued jobs need. A lane nobody asked for yet is made known. */
export function warmTargets(survey: Survey): ReadonlyMap<string, number> {
  const { world, now } = survey;
  const targets = new Map<string, number>();
  for (const rule of world.pools.flatMap(({ warm }) => warm)) {
    const scope = isOpen(rule.hours, now) ? scopeOf(rule, world.scopes) : null;
    if (!scope) continue;
    const route = routeJob({ labels: rule.runsOn, scope }, world.pools);
    if (route.kind === "refused") continue;
    const { key } = viewOf(survey.lanes, route.lane).lane;
    targets.set(key, Math.max(targets.get(key) ?? 0, rule.min));
  }
  return targets;
}

function scopeOf(
  { organization }: WarmRule,
  scopes: readonly RegistrationScope[],
): RegistrationScope | null {
  const theirs = scopes.filter(
    (scope) =>
      organization === null || scope.organization.toLowerCase() === organization.toLowerCase(),
  );
  const [only] = theirs;
  return only && theirs.length === 1 ? only : null;
}
