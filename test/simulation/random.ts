/** A number in [0, 1) that depends on nothing but the seed and the words: leaving one thing out changes no other. */
export function chance(seed: number, ...words: readonly (string | number)[]): number {
  let hash = 2_166_136_261 ^ seed;
  for (const word of words) {
    const text = String(word);
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
    }
    hash = Math.imul(hash ^ 0x1f, 16_777_619);
  }
  return mixed(hash);
}

/** A stream of numbers in [0, 1). */
export function randomFrom(seed: number, name: string): () => number {
  const first = Math.floor(chance(seed, name) * 2 ** 32);
  let turn = 0;
  return () => mixed(first ^ Math.imul(++turn, 0x9e3779b1));
}

/** Murmur3's finalizer: neighbouring seeds must not give neighbouring numbers. */
function mixed(from: number): number {
  let hash = Math.imul(from ^ (from >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
