/** What a command tells the emulated server on its socket: this as one line of JSON, then its standard input. */
export interface Call {
  readonly command: string;
  readonly args: readonly string[];
  readonly user: string;
  readonly cwd: string;
  readonly home: string;
  readonly shell: string;
  readonly path: string;
  readonly lang: string;
}

/** The server's answer, as JSON. */
export interface Reply {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The command is to die of KILL instead of printing anything: its answer is lost. */
  readonly die?: boolean;
}

export function reply(code: number, stdout = "", stderr = ""): Reply {
  return { code, stdout, stderr };
}

/** What a command prints when there is no server (samples down-*). */
export function serverDown(command: string, args: readonly string[], server: string): Reply {
  const refused = "Connection refused\n";
  switch (command) {
    case "qdel":
      return reply(162, "", `${refused}Couldn't connect to cluster: ${server}\n`);
    case "pbsnodes":
      return reply(1, "", `${refused}pbsnodes: cannot connect to server ${server}, error=15010\n`);
    default: {
      const errno = `${refused}${command}: cannot connect to server ${server} (errno=15010)\n`;
      const document = command === "qstat" && args.includes("json") ? emptyDocument(server) : "";
      return reply(command === "qstat" ? 255 : 162, document, errno);
    }
  }
}

/** What a command prints when there is no host of the server's name (samples qselect-q-unknown-server, qdel-other-server). */
export function serverUnknown(
  command: string,
  args: readonly string[],
  server: string,
  standard: string,
): Reply {
  if (command === "qdel" || command === "qstat") {
    const ids = args.filter((word) => /^\d/.test(word));
    const lines = ids.map((id) => `${command}: illegally formed job identifier: ${id}\n`);
    const document = command === "qstat" && args.includes("json") ? emptyDocument(standard) : "";
    return reply(1, document, lines.join(""));
  }
  // qsub names the default server (sample qsub-q-at-server).
  const named = command === "qsub" ? standard : server;
  const text = `Unknown Host.\n${command}: cannot connect to server ${named} (errno=15008)\n`;
  return reply(160, "", text);
}

/** What `qstat -F json` prints when it has no job to tell of, for whatever reason. */
function emptyDocument(server: string): string {
  const seconds = Math.floor(Date.now() / 1_000);
  return `{\n\t"timestamp":\t${seconds},\n\t"pbs_version":\t"${VERSION}",\n\t"pbs_server":\t"${server}"\n}\n`;
}

export const VERSION = "23.06.06";

/** PBSE_JOBHISTNOTSET. */
export const NO_HISTORY = "PBS is not configured to maintain job history";
