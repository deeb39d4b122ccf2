/** A layer that refuses writes: what several readers see side by side. */
import { ReadOnlyStoreError } from '../core/errors.ts';
import type { Layer } from './layer.ts';

export class ReadOnlyLayer implements Layer {
  readonly #base: Layer;

  constructor(base: Layer) {
    this.#base = base;
  }

  read(key: string): unknown {
    return this.#base.read(key);
  }

  has(key: string): boolean {
    return this.#base.has(key);
  }

  keys(): string[] {
    return this.#base.keys();
  }

  size(): number {
    return this.#base.size();
  }

  // Asked before `append`, which then says why nothing is appended.
  isAppendable(): boolean {
    return true;
  }

  put(): never {
    throw new ReadOnlyStoreError('a write to the store');
  }

  append(): never {
    throw new ReadOnlyStoreError('append');
  }

  delete(): never {
    throw new ReadOnlyStoreError('a deletion');
  }

  clear(): never {
    throw new ReadOnlyStoreError('clear');
  }
}
