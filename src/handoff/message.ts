import { z } from "zod";
import { printable } from "../domain/labels.ts";
import type { Message } from "./handoff.ts";

/** Bytes. The script's own messages have less than 500. */
export const LARGEST_MESSAGE = 4_096;

const Turn = z.coerce.number().int().min(1).max(100_000);
const Text = z.string().transform((text) => printable(text, 500));
const JobId = z.string().regex(/^\d+(?:\[\d*\])?\.[A-Za-z0-9._-]{1,255}$/);

const Content = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("asks"), turn: Turn, host: Text, pbs_job_id: JobId.optional() }),
  z.object({
    kind: z.literal("reports"),
    turn: Turn,
    exit_code: z.coerce.number().int().min(0).max(255),
    reason: Text,
    pbs_job_id: JobId.optional(),
  }),
  z.object({ kind: z.literal("ends"), reason: Text, pbs_job_id: JobId.optional() }),
]);

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
      return { ...about, kind: "asks", turn: data.turn, host: data.host };
    case "reports":
      return {
        ...about,
        kind: "reports",
        turn: data.turn,
        exitCode: data.exit_code,
        reason: data.reason,
      };
    case "ends":
      return { ...about, kind: "ends", reason: data.reason };
  }
}
