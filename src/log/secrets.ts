/** Shorter ones would mask ordinary words, and are no secrets. */
const SHORTEST = 8;

/** What a secret is replaced by. */
const MASK = "[secret]";

/** Per secret, the texts it can be recognized by; longest first. Held by the process, as secrets are. */
const registered = new Map<string, { readonly forms: readonly string[]; holders: number }>();

/**
 * From now on the value is masked wherever it turns up in a log line: as it is, escaped in JSON, URL-encoded, and in
 * base64 (also inside of a longer text that was encoded as a whole, such as `user:token`). Values of fewer than
 * 8 characters are ignored.
 *
 * @returns undoes it; call it when the secret has become worthless, so that the list does not grow for ever.
 */
export function registerSecret(value: string): () => void {
  if (value.length < SHORTEST) return () => undefined;
  const entry = registered.get(value) ?? { forms: formsOf(value), holders: 0 };
  registered.set(value, entry);
  entry.holders += 1;
  let held = true;
  return () => {
    if (held) entry.holders -= 1;
    held = false;
    if (entry.holders === 0) registered.delete(value);
  };
}

/**
 * Registers secrets that come without end and are worthless soon after: of them the last `most` are masked. In every line
 * each is looked for, so a program that runs for weeks must not keep them all.
 */
export function registerLast(most: number): (value: string) => void {
  const undo: (() => void)[] = [];
  return function register(value) {
    undo.push(registerSecret(value));
    if (undo.length > most) undo.shift()?.();
  };
}

/** The text without any registered secret. Costs next to nothing while none is registered. */
export function maskSecrets(text: string): string {
  let masked = text;
  for (const { forms } of registered.values()) {
    for (const form of forms) {
      if (masked.includes(form)) masked = masked.replaceAll(form, MASK);
    }
  }
  return masked;
}

function formsOf(value: string): readonly string[] {
  const raw = [value, value.trim()];
  // A PEM key is often printed without its last newline, or line by line.
  const lines = value.split(/\r?\n/).filter((line) => line.length >= 32);
  const escaped = [...raw, ...lines].flatMap((text) => [text, escape(text), escape(escape(text))]);
  const all = [
    ...escaped,
    encodeURIComponent(Buffer.from(value).toString()),
    ...raw.flatMap(base64Forms),
  ];
  return [...new Set(all)]
    .filter((form) => form.length >= SHORTEST)
    .toSorted((a, b) => b.length - a.length);
}

function escape(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/**
 * Base64 packs 3 bytes into 4 characters, so a value has three encodings inside of longer texts, by where it begins.
 * Characters that also depend on its neighbours are left out.
 */
function base64Forms(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const inside = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const begin = Math.ceil((offset * 8) / 6);
    const end = Math.floor(((offset + bytes.length) * 8) / 6);
    return encoded.slice(begin, end);
  });
  const forms = [bytes.toString("base64"), ...inside];
  return forms.flatMap((form) => [
    form,
    form.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""),
  ]);
}
