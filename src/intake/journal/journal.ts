import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writevSync,
} from "node:fs";
import { dirname } from "node:path";
import { StoreError } from "../../store/errors.ts";
import { findRecord, headOf, type SignedDelivery } from "./record.ts";

/** As large as the file becomes: some 23 000 usual deliveries. Who comes when it is full waits until all are read. */
const MOST_BYTES = 256 * 1024 * 1024;
/** Read from the file at once; a larger record is read alone. */
const CHUNK = 1024 * 1024;

interface Waiting {
  readonly buffers: readonly [head: Buffer, body: Buffer];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The oldest deliveries that have not been dealt with. */
export interface Unread {
  readonly deliveries: readonly SignedDelivery[];
  /** For {@link Journal.forget}, once they are dealt with. */
  readonly end: number;
}

/**
 * Deliveries that GitHub was answered for and that nobody has dealt with yet, in a file: written down at once, those of a
 * moment together, and read when there is time. After a crash they are there again. The file is only appended to, and
 * emptied whenever all of it was dealt with.
 */
export class Journal {
  readonly #file: number;
  readonly #most: number;
  readonly #waiting: Waiting[] = [];
  /** Where what was not dealt with begins, and where what is durable ends. Bytes. */
  #head = 0;
  #tail: number;
  #isScheduled = false;

  private constructor(file: number, tail: number, most: number) {
    this.#file = file;
    this.#tail = tail;
    this.#most = most;
  }

  /**
   * Opens the file (made, mode 0600, if missing). Its caller holds the state directory for this process alone.
   *
   * @param most bytes that the file may have before nothing is added until all of it was dealt with.
   * @throws {StoreError} if it cannot be used.
   */
  static open(path: string, most = MOST_BYTES): Journal {
    try {
      const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
      syncDirectory(dirname(path));
      const tail = endOfRecords(file);
      // What a crash left half written was never answered for.
      ftruncateSync(file, tail);
      return new Journal(file, tail, most);
    } catch (cause) {
      const said = cause instanceof Error ? cause.message : String(cause);
      throw new StoreError(
        "unusable",
        `The journal ${path} cannot be used: ${said}. Check the directory's permissions and free space.`,
        { cause },
      );
    }
  }

  /** Has everything been dealt with? */
  get isEmpty(): boolean {
    return this.#head === this.#tail;
  }

  /** Does who comes now have to wait until everything is dealt with? */
  get isFull(): boolean {
    return this.#tail >= this.#most && !this.isEmpty;
  }

  /** Resolves when the delivery would outlive a crash of the machine. Rejects if it could not be written. */
  append(delivery: SignedDelivery): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ buffers: [headOf(delivery), delivery.body], resolve, reject });
      this.#writeSoon();
    });
  }

  /**
   * At most so many of the oldest, and a megabyte of them; one at least unless the journal is empty. If the file cannot be
   * read any more there is none, and `end` leads past all that it holds.
   */
  read(most: number): Unread {
    const deliveries: SignedDelivery[] = [];
    let end = this.#tail;
    try {
      for (const record of recordsIn(this.#file, this.#head, this.#tail)) {
        const isTooMuch = deliveries.length === most || record.end - this.#head > CHUNK;
        if (isTooMuch && deliveries.length > 0) break;
        deliveries.push(record.delivery);
        ({ end } = record);
      }
    } catch {
      // What was read until then is dealt with; the next time there is none.
    }
    return { deliveries, end };
  }

  /** Those up to `end` were dealt with. */
  forget({ end }: Unread): void {
    this.#head = end;
    if (!this.isEmpty) return;
    this.#empty();
    if (this.#waiting.length > 0) this.#writeSoon();
  }

  /** Those that wait for room will not get any soon. */
  refuseWaiting(reason: unknown): void {
    if (!this.isFull) return;
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
  }

  /** What was not dealt with stays in the file. Nothing may be appended any more. */
  close(): void {
    this.#write();
    closeSync(this.#file);
  }

  /** What comes in the same moment is written together: a durable write costs the same for one as for many. */
  #writeSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#write());
  }

  #write(): void {
    this.#isScheduled = false;
    const batch = this.isFull ? [] : this.#waiting.splice(0);
    if (batch.length === 0) return;
    try {
      this.#append(batch.flatMap(({ buffers }) => buffers));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** On the loop, as the store's own writes: to have a thread do it costs more than to wait for it. */
  #append(buffers: readonly Buffer[]): void {
    const size = buffers.reduce((sum, { length }) => sum + length, 0);
    const written = writevSync(this.#file, buffers, this.#tail);
    if (written < size) {
      throw new Error(`Of ${size} bytes only ${written} could be written to the journal`);
    }
    fdatasyncSync(this.#file);
    this.#tail += size;
  }

  #empty(): void {
    this.#head = 0;
    this.#tail = 0;
    try {
      ftruncateSync(this.#file, 0);
    } catch {
      // It is written over then. A delivery that is read again after a crash is known by its GUID.
    }
  }
}

/** A file that was made just now is found after a crash of the machine only if its directory was written too. */
function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  fsyncSync(directory);
  closeSync(directory);
}

/** Where the last record ends that is whole. */
function endOfRecords(file: number): number {
  let end = 0;
  for (const record of recordsIn(file, 0, fstatSync(file).size)) ({ end } = record);
  return end;
}

/** The records between two places of the file, up to the first that is not whole. Throws the system's errors. */
function* recordsIn(file: number, from: number, to: number) {
  let at = from;
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const found = findRecord(bytes);
    if (found.kind === "record") {
      at += found.size;
      bytes = bytes.subarray(found.size);
      yield { delivery: found.delivery, end: at };
      continue;
    }
    if (found.kind === "torn" || at + found.size > to) return;
    const more = readAt(file, at, Math.min(Math.max(CHUNK, found.size), to - at));
    if (more.length <= bytes.length) return; // somebody else has shortened the file
    bytes = more;
  }
}

function readAt(file: number, position: number, length: number): Buffer {
  // Deliveries are views of it: not used twice.
  const bytes = Buffer.allocUnsafe(length);
  return bytes.subarray(0, readSync(file, bytes, 0, length, position));
}
