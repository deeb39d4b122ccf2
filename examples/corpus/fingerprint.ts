/** Runs on threads: all that finding copies and weighing words needs of a text, in one pass, so that the text travels once. */
import { featuresOf } from '../../nodes/embedText.ts';
import { createPermutations, createShingler, shingles, signature } from '../../nodes/minhash.ts';
import { defineExec } from '../../src/node.ts';

/** What a text comes to. */
export interface Fingerprint {
  /** Minima of its shingles, for `similarPairs`. */
  readonly signature: Uint32Array<ArrayBuffer>;
  /** Its set of shingles, for the exact similarity. */
  readonly shingles: Uint32Array<ArrayBuffer>;
  /** Its hashed words, for their frequency in all texts. */
  readonly features: Uint32Array<ArrayBuffer>;
}

export default defineExec(import.meta.url, {
  name: 'fingerprint',
  params: { permutations: 128, shingleWords: 5, seed: 1, features: 2 ** 18 },
  setup: ({ permutations, shingleWords, seed }) => ({
    shingler: createShingler(shingleWords),
    permutations: createPermutations(permutations, seed),
  }),
  exec: (text: string, { params, resource }): Fingerprint => {
    const set = shingles(text, params.shingleWords, resource.shingler);
    return {
      signature: signature(set, resource.permutations),
      shingles: set,
      features: featuresOf(text, params.features),
    };
  },
});
