/** The server that a command line is for: that of `-q queue@server`, or of its first id; `null` for the default one. */
export function serverOf(command: string, args: readonly string[]): string | null {
  if (command === "qsub" || command === "qselect") {
    const at = args.indexOf("-q");
    return at === -1 ? null : afterAt(args[at + 1] ?? "");
  }
  const id = args.find((word) => /^\d+(?:\[[\d-]*\])?\./.test(word));
  if (id === undefined) return null;
  return afterAt(id) ?? id.slice(id.indexOf(".") + 1);
}

function afterAt(text: string): string | null {
  const at = text.indexOf("@");
  return at === -1 ? null : text.slice(at + 1);
}
