import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { until } from "../helpers/until.ts";
import { Node } from "./node.ts";

/** Leaves what it finds under the name of its configuration, and runs until it may end. */
const LISTENER = `
  me=$ACTIONS_RUNNER_INPUT_JITCONFIG
  pwd -P >"$out/$me.root"
  echo "$OMP_NUM_THREADS $(grep Cpus_allowed_list /proc/self/status | cut -f2)" >"$out/$me.cpus"
  touch "$out/$me.started"
  trap 'exit 0' INT
  until [ -e "$out/$me.go" ]; do sleep 0.1; done
`;

async function start(names: readonly string[], variables = {}): Promise<Node> {
  const node = new Node(LISTENER);
  const handoffs = await Promise.all(names.map((name) => node.handoff.open(name)));
  await node.start({ handoffs, seats: true }, variables);
  return node;
}

const NAMES = ["ghr-abcdefgh001_0", "ghr-abcdefgh001_1", "ghr-abcdefgh001_2"];

/** Takes messages until each of the seats has said this. */
async function allSay(node: Node, kind: "asks" | "reports" | "ends"): Promise<void> {
  const heard = new Set<string>();
  while (heard.size < NAMES.length) heard.add((await node.hears(kind)).allocation);
  expect([...heard].toSorted()).toEqual(NAMES);
}

function waitFor(node: Node, trace: string): Promise<boolean> {
  return until(trace, () => existsSync(join(node.directory, "traces", trace)));
}

it("each seat asks, is given its own runner in a root of its own, and the job ends with the last", async () => {
  const node = await start(NAMES);
  await allSay(node, "asks");
  for (const [index, name] of NAMES.entries()) await node.deliver(1, `runner-${index}`, name);
  for (const index of [0, 1, 2]) await waitFor(node, `runner-${index}.started`);
  const roots = [0, 1, 2].map((index) => node.trace(`runner-${index}.root`));
  expect(new Set(roots).size).toBe(3);
  // One ends; the others go on.
  node.touch("runner-1.go");
  expect(await node.hears("ends")).toMatchObject({ allocation: NAMES[1], cause: "served" });
  expect(readdirSync(node.roots)).toHaveLength(2);
  await node.release(NAMES[0]);
  expect(await node.hears("ends")).toMatchObject({ allocation: NAMES[0], cause: "released" });
  expect(node.output).not.toContain("all seats have ended");
  node.touch("runner-2.go");
  expect(await node.hears("ends")).toMatchObject({ allocation: NAMES[2], cause: "served" });
  expect(await node.ended()).toBe(0);
  expect(node.output).toContain("all seats have ended");
  expect(readdirSync(node.roots)).toEqual([]);
});

it("PBS's TERM reaches every seat, and the job waits for their last words", async () => {
  const node = await start(NAMES);
  await allSay(node, "asks");
  await node.deliver(1, "runner-0", NAMES[0]);
  await waitFor(node, "runner-0.started");
  node.signalAll("SIGTERM");
  await allSay(node, "ends");
  expect(await node.ended()).toBe(0);
  expect(node.output).toContain("all seats have ended, told so by PBS");
});

it("the CPUs of the job are divided among the seats, or the log says why not", async () => {
  const names = NAMES.slice(0, 2);
  const node = await start(names, { NCPUS: "4096" });
  await node.hears("asks");
  await node.hears("asks");
  for (const [index, name] of names.entries()) await node.deliver(1, `runner-${index}`, name);
  for (const index of [0, 1]) await waitFor(node, `runner-${index}.started`);
  const cpus = [0, 1].map((index) => node.trace(`runner-${index}.cpus`).trim().split(" "));
  expect(cpus.map(([threads]) => threads)).toEqual(["2048", "2048"]);
  if (node.output.includes("seat 0 has the CPUs")) expect(cpus[0]?.[1]).not.toBe(cpus[1]?.[1]);
  else expect(node.output).toContain("all seats share the CPUs: there are 1 for 2 seats");
  for (const index of [0, 1]) node.touch(`runner-${index}.go`);
  await node.ended();

  const loose = await start(names, { NCPUS: "1" });
  await until("it says why", () => loose.output.includes("all seats share the CPUs: "));
  for (const name of names) await loose.release(name);
  await loose.ended();
});
