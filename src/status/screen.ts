import picocolors from "picocolors";

const { createColors, isColorSupported } = picocolors;

/** What is written on: a terminal, or a file or pipe in which every line is whole and plain. */
export interface Screen {
  /** Columns; `null` for as many as it takes. */
  readonly width: number | null;
  readonly color: ReturnType<typeof createColors>;
}

export const PLAIN: Screen = { width: null, color: createColors(false) };

/** Of a terminal that does not tell its width it is thought to be the usual one. */
const USUAL_WIDTH = 80;

export function screenOf(stream: NodeJS.WriteStream): Screen {
  if (!stream.isTTY) return PLAIN;
  return { width: stream.columns || USUAL_WIDTH, color: createColors(isColorSupported) };
}
