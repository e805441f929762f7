/**
 * Appends deliveries to the journal that the first argument names until one is refused, forgets them all, and appends one
 * more. Prints what came of it.
 */
import { Journal } from "../../../src/intake/journal/journal.ts";

const journal = Journal.open(process.argv[2] ?? "");
const kept: string[] = [];
let refusal = "";
while (refusal === "") {
  const guid = `guid-${kept.length}`;
  await journal.append({ guid, event: "workflow_job", body: Buffer.alloc(10_000) }).then(
    () => kept.push(guid),
    (error: unknown) => (refusal = String(error)),
  );
}
const found: string[] = [];
while (!journal.isEmpty) {
  const unread = journal.read(100);
  found.push(...unread.deliveries.map(({ guid }) => guid));
  journal.forget(unread);
}
await journal.append({ guid: "after", event: "workflow_job", body: Buffer.alloc(10) });
const after = journal.read(100).deliveries.map(({ guid }) => guid);
journal.close();
console.log(JSON.stringify({ kept, refusal, found, after }));
