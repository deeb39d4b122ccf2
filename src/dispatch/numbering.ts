// Thread: main
/** The numbers under which leases tell their threads of execs and common values, the same on all of them. */
import type { BoundExec } from '../node.ts';
import { InvalidOptionError } from '../core/errors.ts';
import { notCloneable } from '../wire/clone-check.ts';
import { surveyOf } from '../wire/transfer.ts';
import type { CommonValue } from './execution.ts';

type Exec = BoundExec<unknown, unknown>;

export class Numbering {
  readonly #execs = new WeakMap<Exec, number>();
  readonly #commons = new WeakMap<CommonValue, number>();
  #last = 0;
  /** Some exec that was admitted has a teardown. */
  hasTeardown = false;

  /** The error when the params of an exec cannot cross threads; they are looked at once. */
  refuse(exec: Exec): unknown {
    if (this.#execs.has(exec)) return undefined;
    if (surveyOf(exec.params).shared.length > 0) {
      return new InvalidOptionError(
        `params of exec '${exec.name}' hold a shared value, which threads could not let go of: pass it in the input or as common value`,
      );
    }
    try {
      structuredClone(exec.params);
    } catch (error) {
      return notCloneable(`params of exec '${exec.name}'`, exec.params, error);
    }
    this.ofExec(exec);
    this.hasTeardown ||= exec.hasTeardown;
    return undefined;
  }

  ofExec(exec: Exec): number {
    return this.#execs.get(exec) ?? this.#number(this.#execs, exec);
  }

  ofCommon(common: CommonValue): number {
    return this.#commons.get(common) ?? this.#number(this.#commons, common);
  }

  /** Whether any thread can have been told of it. */
  knowsCommon(common: CommonValue): boolean {
    return this.#commons.has(common);
  }

  #number<Key extends object>(table: WeakMap<Key, number>, key: Key): number {
    this.#last += 1;
    table.set(key, this.#last);
    return this.#last;
  }
}
