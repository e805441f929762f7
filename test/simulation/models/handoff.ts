import type { Handoff, Message, Received } from "../../../src/handoff/handoff.ts";
import type { Surroundings } from "../world.ts";

interface Directory {
  readonly path: string;
  readonly runners: Map<number, string>;
  released: boolean;
  /** Its script has claimed it. */
  begun: boolean;
  onChange: () => void;
}

/** Unguessable in earnest. */
const SECRET = "0".repeat(32);

/** The shared filesystem: the program's end is the port, the nodes' end is below. */
export class HandoffModel implements Handoff {
  readonly directories = new Map<string, Directory>();
  inbox: Received[] = [];
  readonly #surroundings: Surroundings;
  onMessage: () => void = () => undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  async open(allocation: string): Promise<string> {
    await this.#touch("open", allocation);
    const path = `/handoff/${allocation}.${SECRET}`;
    const fresh: Directory = {
      path,
      runners: new Map(),
      released: false,
      begun: false,
      onChange: () => undefined,
    };
    if (!this.directories.has(allocation)) this.directories.set(allocation, fresh);
    return path;
  }

  receive(): Promise<readonly Received[]> {
    return Promise.resolve([...this.inbox]);
  }

  acknowledge(received: readonly Received[]): Promise<void> {
    const files = new Set(received.map(({ file }) => file));
    this.inbox = this.inbox.filter(({ file }) => !files.has(file));
    return Promise.resolve();
  }

  async deliver(allocation: string, turn: number, jitConfig: string): Promise<void> {
    await this.#touch("deliver", allocation);
    this.#surroundings.see({ kind: "delivery", allocation, jitConfig });
    const directory = this.directories.get(allocation);
    if (!directory) throw new Error("ENOENT");
    directory.runners.set(turn, jitConfig);
    directory.onChange();
  }

  async release(allocation: string): Promise<void> {
    await this.#touch("release", allocation);
    this.#surroundings.see({ kind: "release", allocation });
    const directory = this.directories.get(allocation);
    if (!directory) throw new Error("ENOENT");
    directory.released = true;
    directory.onChange();
  }

  async list(): Promise<readonly string[]> {
    await this.#surroundings.clock.sleep(5);
    return [...this.directories.keys()];
  }

  async close(allocation: string): Promise<void> {
    await this.#touch("close", allocation);
    this.#surroundings.see({ kind: "closing", allocation });
    const directory = this.directories.get(allocation);
    this.directories.delete(allocation);
    this.inbox = this.inbox.filter(({ message }) => message.allocation !== allocation);
    directory?.onChange();
  }

  /** A node speaks. @returns whether it could: the disk may be full for it too. */
  say(message: Message, file: string): boolean {
    if (!this.directories.has(message.allocation)) return true;
    if (this.#surroundings.faults.strikes("inbox-full", file)) return false;
    this.inbox = [...this.inbox.filter((each) => each.file !== file), { message, file }];
    this.onMessage();
    return true;
  }

  async #touch(what: string, allocation: string): Promise<void> {
    const { clock, faults } = this.#surroundings;
    await clock.sleep(5);
    if (faults.strikes("handoff-full", `${what} ${allocation}`)) throw new Error("ENOSPC");
  }
}
