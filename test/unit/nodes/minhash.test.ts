import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import minhash, {
  createPermutations,
  createShingler,
  estimateJaccard,
  shingles,
  shingleSet,
  signature,
} from '../../../nodes/minhash.ts';
import { plantedPairs } from '../../support/planted.ts';
import { runItem, runItems } from './run-exec.ts';

const planted = plantedPairs({ seed: 11, pairs: 400, from: 0.05, to: 1 });

function jaccardOf(x: Uint32Array, y: Uint32Array): number {
  const set = new Set(x);
  const common = y.filter((hash) => set.has(hash)).length;
  return common / (x.length + y.length - common);
}

/** Array access that fails the test instead of giving undefined. */
function at<Item>(items: readonly Item[], index: number): Item {
  const item = items[index];
  assert.ok(item !== undefined, `no item ${index}`);
  return item;
}

describe('shingles', () => {
  it('gives the exact Jaccard similarity of the sets of word shingles', () => {
    const sets = planted.texts.map((text) => shingles(text));
    for (const { a, b, jaccard } of planted.pairs) {
      assert.equal(jaccardOf(at(sets, a), at(sets, b)), jaccard);
    }
  });

  it('is sorted and without repetitions', () => {
    const set = shingles('a b c a b c a b c a b c', 3);
    assert.equal(set.length, 3);
    assert.deepEqual(set, Uint32Array.from(new Set(set)).toSorted());
  });

  it('ignores case, punctuation, white space and emoji', () => {
    assert.deepEqual(shingles('One  two, THREE\n\nfour - five 👍 six'), shingles('one two three four five six'));
  });

  it('takes letters and digits of all scripts for words, those beyond the basic plane included', () => {
    assert.notDeepEqual(shingles('naïve', 1), shingles('na ve', 1));
    assert.equal(shingles('привет мир 42', 1).length, 3);
    assert.equal(shingles('𝒳𝒴 𠀋𠀌', 1).length, 2);
    assert.equal(shingles('𝒳👍𝒴', 1).length, 2);
  });

  it('makes one shingle of a text with fewer words than a shingle has, and none of a text without words', () => {
    assert.equal(shingles('one two').length, 1);
    assert.notDeepEqual(shingles('one two'), shingles('one three'));
    assert.notDeepEqual(shingles('one two'), shingles('two one'));
    assert.equal(shingles(' … — !').length, 0);
    assert.equal(shingles('').length, 0);
  });

  it('does not depend on the texts before, also when its memory had to grow', () => {
    const long = Array.from({ length: 20_000 }, (_, i) => `word${i}`).join(' ');
    const used = createShingler(5);
    assert.equal(shingles(long, 5, used).length, 19_996);
    assert.deepEqual(shingles('a b c d e f', 5, used), shingles('a b c d e f'));
  });

  it('has few collisions: 100,000 different words', () => {
    const words = Array.from({ length: 100_000 }, (_, i) => `w${i.toString(36)}`).join(' ');
    // 100,000² / 2 / 2³² = 1.2 collisions are expected of a perfect hash.
    assert.ok(shingles(words, 1).length > 99_990);
  });
});

describe('signature', () => {
  it('estimates the Jaccard similarity: mean error as theory has it, no bias', () => {
    const permutations = createPermutations(128, 1);
    const signatures = planted.texts.map((text) => signature(createShingler(5).hash(text), permutations));
    let absolute = 0;
    let signed = 0;
    for (const { a, b, jaccard } of planted.pairs) {
      const error = estimateJaccard(at(signatures, a), at(signatures, b)) - jaccard;
      absolute += Math.abs(error);
      signed += error;
    }
    // Theory: the mean of √(2/π · J(1−J) / 128) over J from 0 to 1 is 0.028.
    assert.ok(absolute / planted.pairs.length < 0.035, `mean absolute error ${absolute / planted.pairs.length}`);
    assert.ok(Math.abs(signed / planted.pairs.length) < 0.01, `bias ${signed / planted.pairs.length}`);
  });

  it('has permutations that do not depend on each other: errors shrink with their number', () => {
    const error = (count: number): number => {
      const permutations = createPermutations(count, 7);
      const signatures = planted.texts.map((text) => signature(shingles(text), permutations));
      const errors = planted.pairs.map(({ a, b, jaccard }) =>
        Math.abs(estimateJaccard(at(signatures, a), at(signatures, b)) - jaccard),
      );
      return errors.reduce((sum, e) => sum + e, 0) / errors.length;
    };
    // 16 times the permutations, a quarter of the error.
    assert.ok(error(512) < error(32) / 3);
  });

  it('has odd multipliers: an even one maps two hashes to one', () => {
    assert.ok(createPermutations(500, 1).a.every((multiplier) => (multiplier & 1) === 1));
  });

  it('does not depend on order and repetition of the shingles', () => {
    const permutations = createPermutations(64, 3);
    const hashes = shingles('the quick brown fox jumps over the lazy dog', 2);
    const shuffled = Uint32Array.from([...hashes.toReversed(), ...hashes]);
    assert.deepEqual(signature(shuffled, permutations), signature(hashes, permutations));
  });

  it('of no shingle is all ones', () => {
    assert.deepEqual(
      signature(new Uint32Array(0), createPermutations(2, 1)),
      new Uint32Array([0xffffffff, 0xffffffff]),
    );
  });

  it('refuses to compare different lengths', () => {
    assert.throws(() => estimateJaccard(new Uint32Array(2), new Uint32Array(3)), /2 and 3 entries/);
  });
});

describe('the execs minhash and shingles', () => {
  it('give what the kernels give, in any order of the items', async () => {
    const texts = planted.texts.slice(0, 20);
    const forth = await runItems(minhash, texts);
    const back = await runItems(minhash, texts.toReversed());
    assert.deepEqual(forth, back.toReversed());
    assert.deepEqual(forth[3], signature(shingles(at(texts, 3)), createPermutations(128, 1)));
    assert.equal(forth[0]?.length, 128);
    assert.deepEqual(
      await runItems(shingleSet, texts),
      texts.map((text) => shingles(text)),
    );
  });

  it('take params', async () => {
    const short = await runItem(minhash.with({ permutations: 16, seed: 2 }), 'a b c d e f g');
    assert.equal(short.length, 16);
    assert.equal((await runItem(shingleSet.with({ shingleWords: 2 }), 'a b c d')).length, 3);
    await assert.rejects(
      runItem(minhash.with({ permutations: 0 }), ''),
      /permutations must be a positive integer, got 0/,
    );
    await assert.rejects(runItem(shingleSet.with({ shingleWords: 1.5 }), ''), /shingleWords .* got 1.5/);
  });
});
