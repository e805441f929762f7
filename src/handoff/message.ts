import { z } from "zod";
import { END_CAUSES } from "../domain/end-cause.ts";
import { printable } from "../domain/labels.ts";
import { ROOT_METHODS } from "../domain/runner-exit.ts";
import type { Message } from "./handoff.ts";

/** Bytes. The script's own messages have less than 1500. */
export const LARGEST_MESSAGE = 4_096;

const Turn = z.coerce.number().int().min(1).max(100_000);
const Text = z.string().transform((text) => printable(text, 500));
const Remark = Text.transform((text) => (text === "" ? null : text));
const JobId = z.string().regex(/^\d+(?:\[\d*\])?\.[A-Za-z0-9._-]{1,255}$/);
/** Allocations live longer than a version of this program: what a script says besides may be missing, or new. */
const Cause = z.enum(END_CAUSES).catch("unknown");
const Measure = z.coerce.number().int().min(0).nullable().catch(null);

const Content = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("asks"),
    turn: Turn,
    host: Text,
    remark: Remark.nullable().catch(null),
    pbs_job_id: JobId.optional(),
  }),
  z.object({
    kind: z.literal("reports"),
    turn: Turn,
    exit_code: z.coerce.number().int().min(0).max(255),
    cause: Cause,
    reason: Text,
    root_method: z.enum(ROOT_METHODS).nullable().catch(null),
    root_ms: Measure,
    root_bytes: Measure,
    start_ms: Measure,
    updates: Measure,
    pbs_job_id: JobId.optional(),
  }),
  z.object({
    kind: z.literal("ends"),
    cause: Cause,
    reason: Text,
    pbs_job_id: JobId.optional(),
  }),
]);
type Report = z.output<typeof Content> & { readonly kind: "reports" };

/**
 * Reads what the script on the node wrote: lines of `key=value`. Its job runs under the same user and could write here
 * too, so nothing is trusted.
 *
 * @returns `null` if it is no message.
 */
export function parseMessage(allocation: string, text: string): Message | null {
  const lines = text.split("\n").flatMap((line) => {
    const at = line.indexOf("=");
    return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
  });
  const parsed = Content.safeParse(Object.fromEntries(lines));
  if (!parsed.success) return null;
  const { data } = parsed;
  const about = { allocation, pbsJobId: data.pbs_job_id ?? null };
  switch (data.kind) {
    case "asks":
      return { ...about, kind: "asks", turn: data.turn, host: data.host, remark: data.remark };
    case "reports":
      return {
        ...about,
        kind: "reports",
        turn: data.turn,
        exit: exitOf(data),
        updated: (data.updates ?? 0) > 0 || data.cause === "updating",
      };
    case "ends":
      return { ...about, kind: "ends", cause: data.cause, reason: data.reason };
  }
}

function exitOf(data: Report): (Message & { kind: "reports" })["exit"] {
  const { root_method: method, root_ms: milliseconds, root_bytes: bytes } = data;
  const measured = method !== null && milliseconds !== null && bytes !== null;
  return {
    code: data.exit_code,
    cause: data.cause,
    reason: data.reason,
    root: measured ? { method, milliseconds, bytes } : null,
    startMilliseconds: data.start_ms,
  };
}
