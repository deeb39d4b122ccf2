/**
 * Writes of one post, kept apart from the store until it has returned.
 *
 * Owns the changes made through one view. Does not own the base: that may be written to meanwhile, directly or by other
 * views, and reads see it as it is now with the changes over it.
 *
 * V1 The base changes in `commit` only, and there all at once: what can fail is checked first.
 * V2 `put`, `update` and `delete` win over what happened to the key meanwhile; `append` adds to it; `clear` empties the
 *    base as it is at the commit.
 * V3 The order of `#changes` is the order in which new keys come at the end. A key deleted and put again comes there too.
 * V4 After `clear` the base is hidden, and what is appended is a put.
 * V5 A view without a change costs one allocation: the map of changes is made at the first write.
 */
import { NotAListError, StoreClosedError } from '../core/errors.ts';
import { ABSENT, appendTo, type Cell, type Layer } from './layer.ts';

interface Put extends Cell {
  readonly kind: 'put';
  /** Deleted and put again in this view: it moves to the end (V3). */
  readonly isMoved: boolean;
}

interface Append {
  readonly kind: 'append';
  readonly items: unknown[];
  /** The list last handed out, and the list of the base it was made from. */
  merged: unknown[] | undefined;
  over: unknown;
}

type Change = Put | Append | { readonly kind: 'delete' };

const DELETE: Change = { kind: 'delete' };

/** A layer of changes over another layer. */
export class ViewLayer implements Layer {
  readonly #base: Layer;
  #changes: Map<string, Change> | undefined;
  #isCleared = false;
  #isCommitted = false;

  constructor(base: Layer) {
    this.#base = base;
  }

  /**
   * Applies the changes to the base; later writes to this view are refused, later reads see the base.
   *
   * @throws NotAListError when a list appended to has become something else in the base; nothing is applied then
   */
  commit(): void {
    const changes = this.#changes;
    if (changes !== undefined) this.#assertAppendable(changes);
    if (this.#isCleared) this.#base.clear();
    if (changes !== undefined) this.#apply(changes);
    this.#changes = undefined;
    this.#isCleared = false;
    this.#isCommitted = true;
  }

  read(key: string): unknown {
    const change = this.#changes?.get(key);
    if (change === undefined) return this.#isCleared ? ABSENT : this.#base.read(key);
    if (change.kind === 'delete') return ABSENT;
    if (change.kind === 'append') return this.#merge(key, change);
    change.isOwnList = false;
    return change.value;
  }

  has(key: string): boolean {
    const change = this.#changes?.get(key);
    return change === undefined ? this.#baseHas(key) : change.kind !== 'delete';
  }

  put(key: string, value: unknown): void {
    const changes = this.#openChanges('put');
    const change = changes.get(key);
    if (change?.kind === 'put') {
      change.value = value;
      change.isOwnList = false;
    } else {
      this.#add(changes, key, value, change, false);
    }
  }

  isAppendable(key: string): boolean {
    const change = this.#changes?.get(key);
    if (change === undefined) return this.#isCleared || this.#base.isAppendable(key);
    return change.kind !== 'put' || Array.isArray(change.value);
  }

  append(key: string, items: unknown[]): void {
    const changes = this.#openChanges('append');
    const change = changes.get(key);
    if (change?.kind === 'put') {
      appendTo(change, items);
    } else if (change?.kind === 'append') {
      for (const item of items) change.items.push(item);
      change.merged = undefined;
    } else if (change !== undefined || this.#isCleared) {
      this.#add(changes, key, items, change, true);
    } else {
      changes.set(key, { kind: 'append', items, merged: undefined, over: undefined });
    }
  }

  delete(key: string): boolean {
    this.#assertOpen('delete');
    if (!this.has(key)) return false;
    this.#openChanges('delete').set(key, DELETE);
    return true;
  }

  keys(): string[] {
    const changes = this.#changes;
    const old = this.#isCleared ? [] : this.#base.keys();
    if (changes === undefined) return old;
    const kept = old.filter((key) => {
      const change = changes.get(key);
      return change === undefined || change.kind === 'append' || (change.kind === 'put' && !change.isMoved);
    });
    for (const [key, change] of changes) {
      if (change.kind === 'delete') continue;
      if ((change.kind === 'put' && change.isMoved) || !this.#baseHas(key)) kept.push(key);
    }
    return kept;
  }

  size(): number {
    let size = this.#isCleared ? 0 : this.#base.size();
    for (const [key, change] of this.#changes ?? []) {
      size += Number(change.kind !== 'delete') - Number(this.#baseHas(key));
    }
    return size;
  }

  clear(): void {
    this.#assertOpen('clear');
    this.#changes = undefined;
    this.#isCleared = true;
  }

  #baseHas(key: string): boolean {
    return !this.#isCleared && this.#base.has(key);
  }

  #merge(key: string, change: Append): unknown[] {
    // Handed out by the base, hence never extended in place (L1): the same array has the same items.
    const over = this.#base.read(key);
    if (change.merged === undefined || change.over !== over) {
      change.merged = Array.isArray(over) ? [...(over as unknown[]), ...change.items] : [...change.items];
      change.over = over;
    }
    return change.merged;
  }

  #assertOpen(operation: string): void {
    if (this.#isCommitted) throw new StoreClosedError(operation);
  }

  #openChanges(operation: string): Map<string, Change> {
    this.#assertOpen(operation);
    return (this.#changes ??= new Map());
  }

  #add(
    changes: Map<string, Change>,
    key: string,
    value: unknown,
    former: Change | undefined,
    isOwnList: boolean,
  ): void {
    const isMoved = former?.kind === 'delete';
    // Map.set leaves a known key at its place.
    if (isMoved) changes.delete(key);
    changes.set(key, { kind: 'put', value, isOwnList, isMoved });
  }

  #assertAppendable(changes: ReadonlyMap<string, Change>): void {
    for (const [key, { kind }] of changes) {
      if (kind === 'append' && !this.#base.isAppendable(key)) throw new NotAListError(key, this.#base.read(key));
    }
  }

  #apply(changes: ReadonlyMap<string, Change>): void {
    for (const [key, change] of changes) {
      if (change.kind === 'append') {
        this.#base.append(key, change.items);
        continue;
      }
      if (change.kind === 'delete' || change.isMoved) this.#base.delete(key);
      if (change.kind === 'put') this.#base.put(key, change.value);
    }
  }
}
