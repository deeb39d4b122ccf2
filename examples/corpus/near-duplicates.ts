/** Joins similar pairs to groups and keeps the best text of each. */
import { compareQuality, UnionFind, type Group } from './deduplicate.ts';
import type { CorpusStore, Kept } from './schema.ts';

/**
 * Replaces `texts` by those that stay, each with the paths of its copies, and puts the groups into the store.
 *
 * @returns indexes of those that stay, in what `texts` was before
 */
export function dropNearDuplicates(
  store: CorpusStore,
  slices: readonly { readonly pairs: Uint32Array; readonly jaccard: Float64Array }[],
): number[] {
  const texts = store.get('texts');
  const { threshold } = store.get('settings');
  const forest = new UnionFind(texts.length);
  const similarity = new Float64Array(texts.length);
  for (const { pairs, jaccard } of slices) {
    jaccard.forEach((value, index) => {
      if (value < threshold) return;
      const [a, b] = [pairs[index * 2] as number, pairs[index * 2 + 1] as number];
      forest.union(a, b);
      similarity[a] = Math.max(similarity[a] as number, value);
      similarity[b] = Math.max(similarity[b] as number, value);
    });
  }
  const groups: Group[] = [];
  // What stands in the place of a member of a group: the one that stays with the paths of its copies, or nothing.
  const replaced = new Map<number, readonly Kept[]>();
  for (const members of forest.groups()) {
    const [kept, ...others] = members.toSorted((a, b) => compareQuality(texts[a] as Kept, texts[b] as Kept)) as [
      number,
      ...number[],
    ];
    const { path, duplicates } = texts[kept] as Kept;
    const copies = others.map((index) => ({
      path: (texts[index] as Kept).path,
      similarity: similarity[index] as number,
    }));
    groups.push({ kept: path, others: copies });
    const all = [
      ...duplicates,
      ...others.flatMap((index) => [(texts[index] as Kept).path, ...(texts[index] as Kept).duplicates]),
    ];
    for (const index of others) replaced.set(index, []);
    replaced.set(kept, [{ ...(texts[kept] as Kept), duplicates: all.toSorted() }]);
  }
  store.put(
    'texts',
    texts.flatMap((text, index) => replaced.get(index) ?? [text]),
  );
  store.put('nearGroups', groups);
  return [...texts.keys()].filter((index) => replaced.get(index)?.length !== 0);
}
