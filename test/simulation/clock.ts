/** Virtual time. Nothing happens but what was scheduled, in order; time passes only when all is still. */
export class SimulatedClock {
  #now: number;
  #serial = 0;
  #immediate = false;
  /** A heap by time, then by order of scheduling. */
  readonly #heap: Timer[] = [];

  constructor(now: number) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  /** @returns what cancels it. */
  at(time: number, run: () => void): () => void {
    const timer: Timer = { time: Math.max(time, this.#now), serial: this.#serial++, run };
    push(this.#heap, timer);
    return () => {
      timer.run = () => undefined;
    };
  }

  after(ms: number, run: () => void): () => void {
    return this.at(this.#now + ms, run);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  /** When anything happens next; `Infinity` for never. */
  next(): number {
    return this.#heap[0]?.time ?? Infinity;
  }

  /** Something was started with `setImmediate`, and belongs to this moment. */
  expectImmediate(): void {
    this.#immediate = true;
  }

  /** Runs what is scheduled until `time`, letting every consequence settle in between. */
  async runUntil(time: number, isOver: () => boolean): Promise<void> {
    // Whoever called, all that follows is run from a microtask: `settled` holds there alone.
    await Promise.resolve();
    while (!isOver()) {
      const timer = this.#heap[0];
      if (!timer || timer.time > time) break;
      pop(this.#heap);
      this.#now = timer.time;
      timer.run();
      await settled();
      while (this.#immediate) {
        this.#immediate = false;
        await immediates();
      }
    }
    if (!isOver()) this.#now = Math.max(this.#now, time);
  }
}

interface Timer {
  readonly time: number;
  readonly serial: number;
  run: () => void;
}

/** After all promises that can settle have settled: Node turns to its next tick when no microtask is left. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

/** The same, after what was started with `setImmediate` too. */
async function immediates(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  await settled();
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.time < b.time || (a.time === b.time && a.serial < b.serial);
}

function push(heap: Timer[], timer: Timer): void {
  let index = heap.length;
  heap.push(timer);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (!above || !isBefore(timer, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    const left = heap[child];
    if (!left) break;
    const right = heap[child + 1];
    if (right && isBefore(right, left)) child += 1;
    const least = heap[child];
    if (!least || !isBefore(least, last)) break;
    heap[index] = least;
    index = child;
  }
  heap[index] = last;
}
