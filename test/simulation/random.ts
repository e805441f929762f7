/** A number in [0, 1) that depends on nothing but the seed and the words: leaving one thing out changes no other. */
export function chance(seed: number, ...words: readonly (string | number)[]): number {
  let hash = 2_166_136_261 ^ seed;
  const text = words.join("\0");
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  }
  // Mixed once more (murmur3's finalizer): neighbouring seeds must not give neighbouring numbers.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** A stream of numbers in [0, 1). */
export function randomFrom(seed: number, name: string): () => number {
  let turn = 0;
  return () => chance(seed, name, turn++);
}
