import { z } from "zod";
import { printable, toLabelSet } from "../domain/labels.ts";
import type { EpochMs } from "../domain/time.ts";
import type { JobNews, WorkflowJobStatus } from "../domain/workflow-job.ts";

const Id = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const Time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
/** Names are an outsider's text, kept only to be shown. */
const Name = z.string().transform((text) => printable(text, 255));

/** The part of a `workflow_job` payload that we use; GitHub may add to the rest. */
const Payload = z.object({
  action: z.string(),
  workflow_job: z.object({
    id: Id,
    run_id: Id,
    run_attempt: Id.optional(),
    name: Name,
    workflow_name: Name.nullish(),
    head_branch: Name.nullish(),
    labels: z.array(z.string().max(1024)).max(1000),
    status: z.string(),
    conclusion: Name.nullish(),
    runner_name: Name.nullish(),
    created_at: Time.optional(),
    started_at: Time.nullish(),
    completed_at: Time.nullish(),
  }),
  repository: z.object({
    name: z.string().regex(/^[\w.-]{1,100}$/),
    owner: z.object({ login: z.string() }),
  }),
  organization: z.object({ login: z.string().regex(/^[\w.-]{1,100}$/) }).optional(),
  installation: z.object({ id: Id }).optional(),
  sender: z
    .object({
      login: z
        .string()
        .max(100)
        .transform((text) => printable(text, 100)),
    })
    .optional(),
});

export type ParsedEvent =
  | { readonly kind: "news"; readonly news: JobNews }
  /** Well-formed, and nothing we can act on. */
  | { readonly kind: "ignored"; readonly why: string }
  | { readonly kind: "malformed"; readonly why: string };

/** Reads a `workflow_job` payload, trusting nothing in it. */
export function parseWorkflowJobEvent(payload: unknown, now: EpochMs): ParsedEvent {
  const parsed = Payload.safeParse(payload);
  if (!parsed.success) return { kind: "malformed", why: z.prettifyError(parsed.error) };
  const { action, workflow_job: job, repository, organization, installation, sender } = parsed.data;
  if (!organization) return { kind: "ignored", why: "the repository belongs to no organization" };
  if (!installation) return { kind: "ignored", why: "it names no installation of the App" };
  return {
    kind: "news",
    news: {
      id: job.id,
      runId: job.run_id,
      runAttempt: job.run_attempt ?? 1,
      scope: { installationId: installation.id, organization: organization.login },
      repository: repository.name,
      workflowName: job.workflow_name ?? null,
      name: job.name,
      headBranch: job.head_branch ?? null,
      // Who queued it; later events are sent for GitHub itself.
      actor: action === "queued" ? (sender?.login ?? null) : null,
      labels: toLabelSet(job.labels),
      status: toStatus(action, job.status),
      conclusion: job.conclusion ?? null,
      // GitHub writes "" as well as null where there is none.
      runnerName: job.runner_name || null,
      createdAt: job.created_at ?? now,
      startedAt: job.started_at ?? null,
      completedAt: job.completed_at ?? null,
      observedAt: now,
    },
  };
}

/**
 * The job's own status decides, not the event's action: `queued` comes with status `waiting` while a deployment gate is
 * closed (facts/github.md §1). Statuses we do not know (`requested`, `pending`) come before `queued`.
 */
function toStatus(action: string, status: string): WorkflowJobStatus {
  if (action === "completed" || status === "completed") return "completed";
  return status === "in_progress" || status === "queued" ? status : "waiting";
}
