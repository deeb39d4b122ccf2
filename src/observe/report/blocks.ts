/**
 * The intervals of one lane in bounded memory: what is too short to be seen is merged with its neighbour.
 *
 * K1 At most `LIMIT` blocks are kept, however many intervals come. A merged block knows how many it stands for.
 * K2 Merging never hides a gap, or a block, longer than the resolution; the resolution grows only when there are too many.
 */

/** One interval, or neighbours that were merged. */
export interface Block {
  from: number;
  to: number;
  /** What it shows; of merged blocks of several keys, the one with the most time. */
  key: number;
  /** Intervals in it. */
  count: number;
  /** Sum of their lengths. */
  busyMs: number;
  failed: number;
}

const LIMIT = 4000;

export class Blocks {
  #list: Block[] = [];
  #resolutionMs = 0;

  add(from: number, to: number, key: number, failed = 0): void {
    if (!(to > from)) return;
    const last = this.#list.at(-1);
    if (last !== undefined && mayMerge(last, from, to, key, this.#resolutionMs)) {
      if (to > last.to) last.to = to;
      if (to - from > last.busyMs) last.key = key;
      last.count += 1;
      last.busyMs += to - from;
      last.failed += failed;
      return;
    }
    this.#list.push({ from, to, key, count: 1, busyMs: to - from, failed });
    if (this.#list.length > LIMIT) this.#list = this.#compact(this.#list, LIMIT / 2);
  }

  /** The blocks in order, merged for a picture in which `resolutionMs` cannot be seen, and at most `limit` of them. */
  view(resolutionMs: number, limit: number = LIMIT): readonly Block[] {
    return compacted(ordered(this.#list), Math.max(resolutionMs, this.#resolutionMs), limit).blocks;
  }

  #compact(list: readonly Block[], limit: number): Block[] {
    const { blocks, resolutionMs } = compacted(ordered(list), this.#resolutionMs, limit);
    this.#resolutionMs = resolutionMs;
    return blocks;
  }
}

// Results of a thread arrive in order, but for those of one that died.
function ordered(list: readonly Block[]): Block[] {
  return list.map((block) => ({ ...block })).toSorted((a, b) => a.from - b.from);
}

function compacted(
  list: readonly Block[],
  resolutionMs: number,
  limit: number,
): { readonly blocks: Block[]; readonly resolutionMs: number } {
  const [first, last] = [list[0], list.at(-1)];
  if (first === undefined || last === undefined) return { blocks: [], resolutionMs };
  let [blocks, resolution] = [pass(list, resolutionMs), resolutionMs];
  while (blocks.length > Math.max(1, limit)) {
    resolution = Math.max(2 * resolution, (last.to - first.from) / (2 * limit));
    blocks = pass(blocks, resolution);
  }
  return { blocks, resolutionMs: resolution };
}

function pass(list: readonly Block[], resolutionMs: number): Block[] {
  const kept: Block[] = [];
  for (const block of list) {
    const last = kept.at(-1);
    if (last !== undefined && mayMerge(last, block.from, block.to, block.key, resolutionMs)) merge(last, block);
    else kept.push({ ...block });
  }
  return kept;
}

function mayMerge(last: Block, from: number, to: number, key: number, resolutionMs: number): boolean {
  if (from < last.from || from - last.to > resolutionMs) return false;
  if (last.key === key) return Math.min(last.to - last.from, to - from) <= resolutionMs;
  return to - last.from <= resolutionMs;
}

function merge(into: Block, next: Block): void {
  if (next.busyMs > into.busyMs) into.key = next.key;
  into.to = Math.max(into.to, next.to);
  into.count += next.count;
  into.busyMs += next.busyMs;
  into.failed += next.failed;
}
