import type { Ports } from "../../src/reconciler/ports.ts";

/** Ports of a world in which nothing happens, but for what a test wants to. */
export function portsWith(different: Partial<Ports> = {}): Ports {
  const never = (): Promise<never> => Promise.reject(new Error("nothing is to be done"));
  const quiet = (): Promise<void> => Promise.resolve();
  return {
    pbs: { submit: never, status: never, find: never, delete: never },
    github: { mint: never, findRunner: never, deleteRunner: never, job: never, listRunners: never },
    handoff: {
      open: never,
      receive: () => Promise.resolve([]),
      acknowledge: never,
      deliver: never,
      release: never,
      close: never,
      list: () => Promise.resolve([]),
    },
    clock: { now: () => 0, wait: quiet },
    random: () => 0.5,
    describe: () => {
      throw new Error("nothing is submitted");
    },
    tidy: quiet,
    recover: quiet,
    refresh: () => Promise.resolve(false),
    ...different,
  };
}
