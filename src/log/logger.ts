import { Writable } from "node:stream";
import { destination as openDestination, pino, stdTimeFunctions } from "pino";
import type { DestinationStream, Logger } from "pino";
import pinoPretty from "pino-pretty";
import { serializeError } from "./error-serializer.ts";
import { maskSecrets } from "./secrets.ts";

export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
  /** Default: pretty in a terminal, else one JSON object a line. */
  readonly format?: "json" | "pretty" | null;
  /** Default: standard output, written synchronously, so that nothing is lost when the process ends. */
  readonly destination?: DestinationStream;
}

/**
 * The program's logger. Masks registered secrets everywhere in a line (see `registerSecret`), tells of errors only what may be
 * told, and writes no `name`, so that libraries which set their own (Probot) leave one and not three.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = "info", destination = openDestination({ fd: 1, sync: true }) } = options;
  const format = options.format ?? (process.stdout.isTTY ? "pretty" : "json");
  return pino(
    {
      level,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: toSerializable, error: toSerializable },
      hooks: { streamWrite: (line) => escapeControls(maskSecrets(line)) },
    },
    format === "pretty" ? prettyStream(destination) : destination,
  );
}

/** JSON escapes the controls below a space itself, but not these, which some terminals obey too. */
function escapeControls(json: string): string {
  return json.replaceAll(/[\u007f-\u009f]/g, (control) => {
    return `\\u00${control.charCodeAt(0).toString(16)}`;
  });
}

// Pino gives a serializer more than the error.
function toSerializable(error: unknown): unknown {
  return serializeError(error);
}

function prettyStream(destination: DestinationStream): DestinationStream {
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      destination.write(withoutControls(chunk.toString()));
      done();
    },
  });
  return pinoPretty({
    destination: sink,
    colorize: process.stdout.isTTY,
    translateTime: "SYS:HH:MM:ss",
    ignore: "pid,hostname",
    sync: true,
  });
}

/** All control characters but line ends, tabs and the colours that pino-pretty itself sets: a log is read in a terminal. */
function withoutControls(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return text.replaceAll(/(?!\u001b\[\d{1,2}m)[\0-\u0008\u000b-\u001f\u007f-\u009f]/g, "�");
}
