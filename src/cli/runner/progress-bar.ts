import { Presets, SingleBar } from "cli-progress";
import type { OnProgress, Progress } from "../../runner/release/progress.ts";

const WORDS: Readonly<Record<Progress["step"], string>> = {
  download: "Downloading",
  verify: "Verifying  ",
  unpack: "Unpacking  ",
};
const MEGABYTE = 1_000_000;

/** Shows on standard error how far an installation has come: a bar for each step in a terminal, else a line. */
export function showProgress(): { readonly onProgress: OnProgress; readonly stop: () => void } {
  let shown: Progress["step"] | null = null;
  let bar: SingleBar | null = null;
  return {
    onProgress({ step, done, total }) {
      if (step !== shown) {
        bar?.stop();
        shown = step;
        bar = process.stderr.isTTY ? newBar(WORDS[step]) : null;
        bar?.start(inMegabytes(total ?? done), 0);
        if (!bar) console.error(`${WORDS[step].trim()} …`);
      }
      bar?.setTotal(inMegabytes(total ?? done));
      bar?.update(inMegabytes(done));
    },
    stop: () => bar?.stop(),
  };
}

function newBar(word: string): SingleBar {
  return new SingleBar(
    {
      format: `${word} {bar} {percentage}% | {value} of {total} MB{eta_formatted}`,
      // In the beginning it is no number.
      formatTime: (seconds) => (Number.isFinite(seconds) ? ` | ${seconds} s left` : ""),
      hideCursor: true,
      fps: 10,
    },
    Presets.shades_classic,
  );
}

function inMegabytes(bytes: number): number {
  return Math.ceil(bytes / MEGABYTE);
}
