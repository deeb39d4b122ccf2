/** Runs on threads: what a text is about, as a vector to cluster by and as words to name a cluster with. */
import { embed, keyTerms, keyTermsOf, type FeatureWeights, type TermWeight } from '../../nodes/embedText.ts';
import { execFor } from '../../src/node.ts';

/** What a text is about. */
export interface Description {
  /** Of length 1; all 0 when the text has no words to tell its topic by. */
  readonly vector: Float32Array<ArrayBuffer>;
  /** Its heaviest words, heaviest first. */
  readonly terms: TermWeight[];
}

/** Text → its description, by the weights of words in `common`. One pass, so that the text travels once. */
export default execFor<unknown, FeatureWeights>()(import.meta.url, {
  name: 'describe',
  // 64 numbers keep a third of the nearest texts by exact tf-idf the nearest; 512 keep seven in ten.
  params: { dim: 512, seed: 1, terms: keyTerms.params.count },
  exec: (text: string, { common, params }): Description => ({
    vector: embed(text, common.idf, params),
    terms: keyTermsOf(text, common.idf, params.terms),
  }),
});
