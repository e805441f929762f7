import { expect, it, onTestFinished } from "vitest";
import { startPbsEmulator } from "../../../src/emulator/pbs/emulator.ts";
import { Site } from "./site.ts";

it("two servers, one set of commands: each job is where it was submitted, and is asked for there", async () => {
  const far = await startPbsEmulator({ server: "far", killDelay: 200 });
  onTestFinished(() => far.stop());
  const site = await Site.start({ peers: [far] });
  const near = await site.submit("sleep 300");
  const about = site.submission("sleep 300", { queue: "workq@far", members: 2 });
  const submitted = await site.pbs.submit(about);
  const array = submitted.kind === "accepted" ? submitted.jobId : "";
  const member = array.replace("[]", "[1]");
  expect([near, array]).toEqual(["0.vm", "0[].far"]);
  expect(await site.pbs.find(about.name, "workq@far")).toEqual({
    kind: "answered",
    jobIds: [array],
  });
  expect(await site.pbs.find(about.name, null)).toEqual({ kind: "answered", jobIds: [] });
  const told = await site.pbs.status([near, member]);
  expect(told.kind === "answered" && [...told.jobs.keys()]).toEqual([near, member]);

  // One that is down hides its own jobs alone.
  far.faults.down = true;
  const partly = await site.pbs.status([near, member]);
  expect(partly.kind === "answered" && [...partly.jobs.keys()]).toEqual([near]);
  const words = "Connection refused; qstat: cannot connect to server far (errno=15010)";
  expect(await site.pbs.status([member])).toEqual({ kind: "retry", reason: words });
  far.faults.down = false;

  expect(await site.pbs.delete([near, member])).toEqual({ kind: "answered", refused: new Map() });
  expect(far.jobs().find(({ id }) => id === member)?.comment).toContain("terminated by");
  const nowhere = await site.pbs.submit(site.submission("true", { queue: "workq@nowhere" }));
  expect(nowhere).toMatchObject({ kind: "refused", code: 160 });
});
