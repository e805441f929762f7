import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Linux counts CPU time in these (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** CPU time that a process has used so far, in user and kernel, all its threads together. Microseconds. */
export function cpuTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is a name in parentheses that may hold anything; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND) * 1e6;
}

/** Memory of a process that is in RAM now. Megabytes. */
export function residentMemory(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
}

type CommandLine = readonly [string, ...string[]];

/** The command line that keeps a program on one core; as it is where there is no `taskset` or only one core. */
export function onOneCore(command: CommandLine): CommandLine {
  const allowed = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync("/proc/self/status", "utf8"));
  const last = allowed?.[1]?.split(/[,-]/).at(-1) ?? "0";
  if (last === "0") return command;
  try {
    // By its path: the program under test is given a PATH of its own.
    const taskset = execFileSync("/bin/sh", ["-c", "command -v taskset"], { encoding: "utf8" });
    return [taskset.trim(), "-c", last, ...command];
  } catch {
    return command;
  }
}
