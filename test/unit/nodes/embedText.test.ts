import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import embedText, {
  addDocument,
  documentFrequency,
  embed,
  featureOf,
  featuresOf,
  keyTerms,
  keyTermsOf,
  terms,
  toIdf,
  topTerms,
} from '../../../nodes/embedText.ts';
import { plantedTopics } from '../../support/planted.ts';
import { runItem, runItems } from './run-exec.ts';

const FEATURES = 2 ** 18;

function idfOf(lists: readonly Uint32Array[], features = FEATURES) {
  const counts = new Uint32Array(features);
  for (const list of lists) addDocument(counts, list);
  return toIdf(counts, lists.length);
}

function dot(x: Float32Array, y: Float32Array): number {
  return x.reduce((sum, value, d) => sum + value * (y[d] ?? 0), 0);
}

describe('terms', () => {
  it('are words of three letters and more in lower case, without stop words', () => {
    const counted = terms('The Worker threads; a THREAD is not const, and the worker-pool x1 is: naïve 漢字漢字');
    assert.deepEqual(
      [...counted],
      [
        ['worker', 2],
        ['threads', 1],
        ['thread', 1],
        ['pool', 1],
        ['naïve', 1],
        ['漢字漢字', 1],
      ],
    );
  });

  it('leave out runs of letters that are no words', () => {
    assert.equal(terms(`${'a'.repeat(41)} ${'b'.repeat(40)}`).size, 1);
    assert.equal(terms('').size, 0);
  });
});

describe('features', () => {
  it('are sorted, unique and within range', () => {
    const features = featuresOf('thread pool thread worker', 16);
    assert.deepEqual(features, Uint32Array.from(new Set(features)).toSorted());
    assert.ok(features.every((feature) => feature < 16));
    assert.ok(featuresOf('thread pool worker', FEATURES).includes(featureOf('pool', FEATURES)));
  });

  it('spread over the whole range', () => {
    const hit = new Set(Array.from({ length: 20_000 }, (_, i) => featureOf(`word${i}`, 1024)));
    assert.equal(hit.size, 1024);
  });

  it('weigh more when they are rare', () => {
    const idf = idfOf([Uint32Array.of(0, 1), Uint32Array.of(0), Uint32Array.of(0)], 4);
    assert.equal(idf[0], 1);
    assert.equal(idf[1], Math.fround(Math.log(2) + 1));
    assert.ok((idf[2] ?? 0) > (idf[1] ?? 0));
    assert.ok(idf.buffer instanceof SharedArrayBuffer);
    assert.throws(() => toIdf(new Uint32Array(1000), 1), /power of two, got 1000/);
  });
});

describe('embedding of planted topics', async () => {
  const planted = plantedTopics({ seed: 5, topics: 8, documents: 240 });
  const idf = idfOf(await runItems(documentFrequency, planted.texts));
  const vectors = await runItems(embedText, planted.texts, { idf });

  it('puts documents of one topic next to each other', () => {
    let right = 0;
    vectors.forEach((vector, i) => {
      const similarities = vectors.map((other, j) => (i === j ? -1 : dot(vector, other)));
      const nearest = similarities.indexOf(Math.max(...similarities));
      if (planted.topics[nearest] === planted.topics[i]) right++;
    });
    assert.ok(right / vectors.length >= 0.97, `${right} of ${vectors.length} nearest neighbours share the topic`);
  });

  it('keeps cosine similarities within the error of a random projection', () => {
    /** The tf-idf vector by word, without hashing and projection. */
    const exact = planted.texts.slice(0, 60).map((text) => {
      const weights = [...terms(text)].map(
        ([term, n]) => [term, Math.sqrt(n) * (idf[featureOf(term, FEATURES)] ?? 0)] as const,
      );
      const norm = Math.hypot(...weights.map(([, weight]) => weight));
      return new Map(weights.map(([term, weight]) => [term, weight / norm]));
    });
    const errors: number[] = [];
    exact.forEach((a, i) => {
      exact.slice(0, i).forEach((b, j) => {
        const cosine = [...a].reduce((sum, [term, weight]) => sum + weight * (b.get(term) ?? 0), 0);
        const [x, y] = [vectors[i], vectors[j]];
        assert.ok(x && y);
        errors.push(dot(x, y) - cosine);
      });
    });
    const mean = errors.reduce((sum, error) => sum + error, 0) / errors.length;
    const rms = Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
    assert.ok(Math.abs(mean) < 0.03, `bias ${mean}`);
    assert.ok(rms < 1.1 / Math.sqrt(64), `error ${rms}`);
  });

  it('gives vectors of length 1, and 0 for a text without terms', () => {
    for (const vector of vectors) {
      assert.equal(vector.length, 64);
      assert.ok(Math.abs(Math.sqrt(dot(vector, vector)) - 1) < 1e-6);
    }
    assert.deepEqual(embed('a 1 the', idf), new Float32Array(64));
  });

  it('gives the same vector in any order, for words in any order', async () => {
    const back = await runItems(embedText, planted.texts.toReversed(), { idf });
    assert.deepEqual(back.toReversed(), vectors);
    const [text = ''] = planted.texts;
    assert.deepEqual(embed(text.split(' ').toReversed().join(' '), idf), vectors[0]);
  });

  it('takes params', async () => {
    const [text = ''] = planted.texts;
    assert.equal((await runItem(embedText.with({ dim: 10 }), text, { idf })).length, 10);
    assert.notDeepEqual(await runItem(embedText.with({ seed: 2 }), text, { idf }), vectors[0]);
    await assert.rejects(runItem(embedText.with({ dim: 0 }), '', { idf }), /dim must be a positive integer, got 0/);
    await assert.rejects(runItem(documentFrequency.with({ features: 1000 }), ''), /power of two .* got 1000/);
    await assert.rejects(runItem(keyTerms.with({ count: -1 }), '', { idf }), /count .* got -1/);
  });

  it('names a topic by words of its own', async () => {
    const lists = await runItems(keyTerms, planted.texts, { idf });
    for (const [topic, vocabulary] of planted.vocabularies.entries()) {
      const own = new Set(vocabulary);
      const top = topTerms(lists.filter((_, i) => planted.topics[i] === topic));
      assert.equal(top.length, 8);
      for (const [term] of top) assert.ok(own.has(term), `${term} is not of topic ${topic}`);
    }
  });
});

describe('key terms', () => {
  it('are ordered by weight, equal ones by the alphabet', () => {
    const idf = new Float32Array(FEATURES).fill(1);
    assert.deepEqual(keyTermsOf('zebra zebra zebra zebra pear apple', idf, 2), [
      ['zebra', 2],
      ['apple', 1],
    ]);
    assert.deepEqual(topTerms([[['pear', 1]], [['apple', 1]], [['pear', 1]]]), [
      ['pear', 2],
      ['apple', 1],
    ]);
  });
});
