/**
 * What `cano bench --builtin` measures: ready-made nodes on generated data whose truth is known, so that a wrong result fails
 * the run. Each needs something else of the machine. At scale 1 each is about a second of work for one thread.
 *
 * The nodes are reached by URL: they are files of their own in the package, and threads load them by that URL.
 */
import { gunzipSync } from 'node:zlib';
import type { BoundExec } from '../../index.ts';
import { loadModule } from '../../wire/load-module.ts';
import type { KernelName } from './kernel-texts.ts';
import { seeded } from './stats.ts';

/** The work of a kernel, generated. */
export interface Work {
  readonly items: readonly unknown[];
  readonly common?: unknown;
  /** Says what is wrong with the results, in the order of the items. */
  readonly problem: (results: readonly unknown[]) => string | undefined;
}

export interface Kernel {
  /** File of the node in the package. */
  readonly node: string;
  /** The exec and what generates its work, by the amount of it. */
  readonly make: (node: Readonly<Record<string, unknown>>) => {
    readonly exec: BoundExec<unknown, unknown>;
    readonly work: (scale: number) => Work;
  };
}

export const KERNELS: Readonly<Record<KernelName, Kernel>> = {
  monteCarlo: {
    node: 'monteCarlo',
    make: (node) => ({ exec: execOf(node), work: (scale) => optionPaths(node, scale) }),
  },
  alignSequences: {
    node: 'alignSequences',
    make: (node) => ({ exec: execOf(node), work: alignments }),
  },
  fitFold: {
    node: 'gradientBoosting',
    make: (node) => ({ exec: execOf(node), work: (scale) => fits(node, scale) }),
  },
  compress: {
    node: 'compress',
    make: (node) => ({ exec: execOf(node), work: blocks }),
  },
  minhash: {
    node: 'minhash',
    make: (node) => ({ exec: execOf(node), work: texts }),
  },
};

/** Imports a ready-made node of the package. */
export async function loadNode(name: string): Promise<Readonly<Record<string, unknown>>> {
  // From source in nodes/; built, this is a file in a folder of dist/src, and nodes are in dist/nodes.
  const path = import.meta.url.endsWith('.ts') ? `../../../nodes/${name}.ts` : `../../nodes/${name}.js`;
  return loadModule(new URL(path, import.meta.url).href);
}

function execOf(node: Readonly<Record<string, unknown>>): BoundExec<unknown, unknown> {
  return node['default'] as BoundExec<unknown, unknown>;
}

const amount = (scale: number, whole: number): number => Math.max(4, Math.round(scale * whole));

function optionPaths(node: Readonly<Record<string, unknown>>, scale: number): Work {
  const { pathSlices, combine, blackScholes } = node as unknown as {
    pathSlices: (option: object, pairs: number, size: number) => readonly unknown[];
    combine: (moments: readonly unknown[]) => { readonly price: number; readonly standardError: number };
    blackScholes: (option: object) => number;
  };
  const option = { kind: 'call', style: 'european', spot: 100, strike: 105, rate: 0.03, volatility: 0.2, years: 1 };
  const size = 32_768;
  return {
    items: pathSlices(option, amount(scale, 280) * size, size),
    problem: (results) => {
      const { price, standardError } = combine(results);
      const exact = blackScholes(option);
      // Beyond 6 standard errors is an error in 500 million.
      return Math.abs(price - exact) <= 6 * standardError ? undefined : `the price is ${price}, and must be ${exact}`;
    },
  };
}

function alignments(scale: number): Work {
  const random = seeded(7);
  const dna = (length: number): string => Array.from({ length }, () => 'ACGT'[Math.floor(random() * 4)]).join('');
  const [queryLength, targetLength] = [300, 6_000];
  const pairs = Array.from({ length: amount(scale, 84) }, () => {
    const [query, target] = [dna(queryLength), dna(targetLength - queryLength)];
    const at = Math.floor(random() * target.length);
    return { query, target: target.slice(0, at) + query + target.slice(at), at };
  });
  return {
    items: pairs.map(({ query, target }) => ({ query, target })),
    problem: (results) => {
      const missed = pairs.filter(({ at }, index) => {
        const { targetBegin, targetEnd } = results[index] as { targetBegin: number; targetEnd: number };
        return targetBegin > at || targetEnd < at + queryLength;
      });
      return missed.length === 0 ? undefined : `${missed.length} of ${pairs.length} sequences were not found`;
    },
  };
}

function fits(node: Readonly<Record<string, unknown>>, scale: number): Work {
  const { binFeatures, withTarget, folds } = node as unknown as {
    binFeatures: (matrix: Float64Array, rows: number, features: number) => object;
    withTarget: (binned: object, target: Float64Array) => object;
    folds: (rows: number, k: number, seed: number) => Uint8Array;
  };
  const random = seeded(3);
  const [rows, features, foldCount] = [4_000, 8, 5];
  const matrix = Float64Array.from({ length: rows * features }, random);
  const target = Float64Array.from({ length: rows }, (_value, row) => {
    const [a = 0, b = 0, c = 0] = matrix.subarray(row * features, row * features + 3);
    return 10 * Math.sin(Math.PI * a * b) + 20 * (c - 0.5) ** 2;
  });
  const mean = target.reduce((sum, value) => sum + value, 0) / rows;
  const variance = target.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows;
  return {
    items: Array.from({ length: amount(scale, 30) }, (_value, index) => ({
      config: { trees: 40, depth: 4, seed: index + 1 },
      fold: index % foldCount,
    })),
    common: { ...withTarget(binFeatures(matrix, rows, features), target), folds: folds(rows, foldCount, 1) },
    problem: (results) => {
      const worst = Math.max(...results.map((result) => (result as { mse: number }).mse));
      return worst < variance / 4 ? undefined : `a model has an error of ${worst}, of a variance of ${variance}`;
    },
  };
}

const WORDS = 'thread core batch state node store queue share lease slot event retry split join run visit'.split(' ');

function words(random: () => number, count: number): string {
  return Array.from(
    { length: count },
    () => `${WORDS[Math.floor(random() * WORDS.length)]}${Math.floor(random() * 50)}`,
  ).join(' ');
}

function blocks(scale: number): Work {
  const random = seeded(5);
  const encoder = new TextEncoder();
  const items = Array.from({ length: amount(scale, 160) }, () => encoder.encode(words(random, 9_000)).slice(0, 65_536));
  return {
    items,
    problem: (results) => {
      const isEqual = (index: number): boolean =>
        Buffer.compare(gunzipSync((results[index] as { bytes: Uint8Array }).bytes), items[index] as Uint8Array) === 0;
      // Some of them: the check is a part of the run, on the main thread.
      return [0, items.length - 1].every(isEqual) ? undefined : 'a block is not what it was after decompression';
    },
  };
}

function texts(scale: number): Work {
  const random = seeded(9);
  const count = amount(scale, 45_000);
  // Each at least twice, so that equal texts can be compared.
  const distinct = Array.from({ length: Math.min(64, Math.floor(count / 2)) }, () => words(random, 60));
  const items = Array.from({ length: count }, (_value, index) => distinct[index % distinct.length]);
  return {
    items,
    problem: (results) => {
      const wrong = results.findIndex((result, index) => {
        const [own, first] = [result as Uint32Array, results[index % distinct.length] as Uint32Array];
        return own.length !== first.length || own[0] !== first[0] || own.at(-1) !== first.at(-1);
      });
      return wrong === -1 ? undefined : `the signature of text ${wrong} is not that of an equal one`;
    },
  };
}
