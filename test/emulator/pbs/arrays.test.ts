import { expect, it } from "vitest";
import { until } from "../../helpers/until.ts";
import { capture } from "../../pbs/captures.ts";
import { ME, Site, type Printed } from "./site.ts";

/** The captures' script: the first two members end by themselves, the others wait to be deleted. */
const SCRIPT = "[ $PBS_ARRAY_INDEX = 0 ] && exit 0; [ $PBS_ARRAY_INDEX = 1 ] && exit 3; sleep 300";

/** Members and what is said of them, without what differs between two arrays. */
function plain(text: string, array: string): string {
  const [sequence = ""] = array.split("[");
  return text
    .replaceAll(/ at \w{3} \w{3} .. at \d\d:\d\d/g, " at TIME")
    .replaceAll(new RegExp(`"${sequence}\\[`, "g"), '"N[')
    .replaceAll(ME, "erin");
}

/** As the captures show a listing: a line a job, with some of its attributes. */
function rowsOf({ stdout }: Printed, more: readonly string[] = []): string {
  const { Jobs } = JSON.parse(stdout) as { Jobs: Record<string, Record<string, unknown>> };
  const names = ["job_state", "substate", "Exit_status", "comment", ...more];
  const rows = Object.entries(Jobs).map(([id, job]) => [id, ...names.map((name) => job[name])]);
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

it("a range takes with it what PBS knew of members that had ended", async () => {
  const site = await Site.start({ ncpus: 8 });
  const array = await site.submit(SCRIPT, { members: 5 });
  const member = (index: number): string => array.replace("[]", `[${index}]`);
  for (const index of [0, 1]) await site.until(member(index), "X");
  for (const index of [2, 3, 4]) await site.until(member(index), "R");
  const range = (text: string): string => array.replace("[]", `[${text}]`);
  const here = (name: string) => {
    const { line, code, stderr } = capture(name);
    const old = / '?(\d+)\[/.exec(line)?.[1] ?? "";
    return { code, stdout: "", stderr: stderr.replaceAll(`${old}[`, array.replace(/\].*/, "")) };
  };
  expect(await site.run(`qdel '${member(1)}'`)).toEqual(here("qdel-subjob-ended"));
  expect(await site.run(`qdel '${range("0-2")}'`)).toMatchObject({ code: 0, stderr: "" });
  await site.until(member(2), "X");
  const ids = [0, 1, 2, 3].map((index) => `'${member(index)}'`).join(" ");
  const listed = rowsOf(await site.run(`qstat -E -x -f -F json ${ids}`));
  const { stdout } = capture("qdel-range-with-ended");
  expect(`rc=0\n${plain(listed, array)}`).toBe(plain(stdout, "66[].vm"));
  expect(await site.run(`qdel '${range("0-1")}'`)).toEqual(here("qdel-range-of-ended"));
  expect(await site.run(`qdel '${range("3-20")}'`)).toMatchObject({ code: 0, stderr: "" });
  await site.until(member(4), "F");
  expect(await site.run(`qdel '${range("0-2")}'`)).toEqual(here("qdel-range-of-finished-array"));
});

it("members that are deleted while they wait end at once, and are forgotten", async () => {
  const site = await Site.start();
  const { stdout: id } = await site.run("qsub -h -J 0-3 sleep.sh");
  const array = id.trim();
  const remove = async (range: string): Promise<string> => {
    const { code } = await site.run(`qdel '${array.replace("[]", `[${range}]`)}'`);
    return `rc=${code}\n`;
  };
  const list = (): Promise<Printed> => site.run(`qstat -E -x -t -f -F json '${array}'`);
  const counts = ["array_state_count", "array_indices_remaining"];
  const printed = [
    await remove("1-2"),
    rowsOf(await list(), counts),
    await remove("0-3"),
    rowsOf(await list()),
  ].join("");
  expect(plain(printed, array)).toBe(plain(capture("qdel-queued-subjobs").stdout, "68[].vm"));
});

it("qselect tells arrays, or with -T their members", async () => {
  const site = await Site.start();
  const array = await site.submit("true", { name: "ghr-captured000", members: 5 });
  await site.until(array, "F");
  for (const name of ["qselect-N-array", "qselect-T-N-array", "qselect-q-at-server"]) {
    const { line, stdout } = capture(name);
    const command = line.replace(/^.*?\] /, "").replace("-u erin", `-u ${ME}`);
    const printed = await site.run(command);
    expect([name, printed.stdout]).toEqual([
      name,
      stdout.replaceAll("66[", array.replace("].vm", "")),
    ]);
  }
});

it("a member whose node is lost waits again, and starts a second time", async () => {
  const site = await Site.start();
  const array = await site.submit("echo begun; sleep 300", { members: 2 });
  const [first, second] = [array.replace("[]", "[0]"), array.replace("[]", "[1]")];
  for (const id of [first, second]) await site.until(id, "R");
  site.emulator.faults.loseNode();
  expect(await site.look(first)).toMatchObject({ state: "Q", runs: 1, exitStatus: null });
  site.emulator.faults.returnNode();
  await site.until(first, "R");
  await until("its log tells of both starts", () => site.log(first) === "begun\nbegun\n");
  expect(await site.look(first)).toMatchObject({ state: "R", runs: 2 });
});
