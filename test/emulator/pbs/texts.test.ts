import { expect, it } from "vitest";
import { capture } from "../../pbs/captures.ts";
import { ME, Site } from "./site.ts";

/** The server as it was when the captures were taken. */
function start(): Promise<Site> {
  return Site.start({
    queues: [
      { name: "workq" },
      { name: "short", maxWalltimeSeconds: 600, maxNcpus: 2 },
      { name: "limited", maxQueued: 2, started: false },
      { name: "disabledq", enabled: false },
      { name: "bobonly", users: ["bob"] },
    ],
  });
}

/** A job's number, the second and the user are not what a text is compared by. */
function plain(text: string): string {
  return text
    .replaceAll(/\b\d+(\[\])?\.vm$/gm, "N$1.vm")
    .replaceAll(/"timestamp":\t\d+/g, '"timestamp":\tSECONDS')
    .replaceAll(ME, "alice");
}

const SAME = `
qsub-success qsub-impossible-resources-accepted qsub-err-empty-script
qsub-err-unknown-queue qsub-err-disabled-queue qsub-err-acl-user qsub-err-bad-W
qsub-err-bad-place qsub-err-bad-resource qsub-err-bad-resource-in-select qsub-err-malformed-mem
qsub-err-malformed-select qsub-err-malformed-select2 qsub-err-malformed-select-badvalue
qsub-err-malformed-walltime qsub-err-max-queued qsub-err-ncpus-over-queue-max
qsub-err-walltime-over-limit qsub-err-select-plus-ncpus qsub-err-script-directory
qsub-err-script-missing qsub-err-unknown-option2 qsub-J-stride
qsub-name-quote qsub-name-unicode qsub-name-default-stdin qsub-stdin-crlf qsub-stdin-empty
qsub-J-not-rerunable
qdel-no-args qdel-unknown qdel-malformed-id qdel-list-of-indices qdel-range-unknown qdel-other-server
qselect-N-pattern qselect-badopt qselect-ids qselect-multi-A qselect-q-unknown-server
qstat-unknown qstat-unknown-json qstat-other-server qstat-subjob-unknown`
  .trim()
  .split(/\s+/);

it.each(SAME)("says what OpenPBS said: %s", { timeout: 120_000 }, async (name) => {
  const site = await start();
  const { line, code, stdout, stderr } = capture(name);
  // What tidied up after a capture would find other jobs here.
  const printed = await site.run(
    line.replace(/^\$ \[as \w+\] /, "").replace(/; qselect \| xargs qdel$/, ""),
  );
  expect({ ...printed, stdout: plain(printed.stdout), stderr: plain(printed.stderr) }).toEqual({
    code,
    stdout: plain(stdout),
    stderr: plain(stderr),
  });
});
