// Thread: main
/**
 * Messages on their way to a thread, gathered so that one post carries all that comes up in one go.
 *
 * G1 One message that cannot be cloned must not hurt its neighbours: the burst is posted again one by one.
 * G2 What copying took is booked on the executions of the burst, by what they weigh.
 */
import { systemClock } from '../core/clock.ts';
import type { ToThread } from '../wire/messages.ts';
import { bookCloning, type Execution } from './execution.ts';
import { Soon } from './soon.ts';

const { now } = systemClock;

export class Outgoing {
  /** What leaves with the next post, in order. */
  messages: ToThread[] = [];
  #executions: Execution[] = [];
  readonly #flushSoon: Soon = new Soon(() => this.flush());
  readonly #post: (messages: readonly ToThread[]) => void;
  readonly #onRefused: (message: ToThread, error: unknown) => void;

  /** @param onRefused called with a message that cannot be cloned, and why */
  constructor(post: (messages: readonly ToThread[]) => void, onRefused: (message: ToThread, error: unknown) => void) {
    this.#post = post;
    this.#onRefused = onRefused;
  }

  /** Adds a message; it leaves in the next microtask at the latest. */
  add(message: ToThread): void {
    this.messages.push(message);
    this.#flushSoon.ask();
  }

  /** Adds the message of an execution; `alone` when it is so large that others should not wait for its copy. */
  addExecution(message: ToThread, execution: Execution, alone: boolean): void {
    if (alone) this.flush();
    this.#executions.push(execution);
    this.add(message);
    if (alone) this.flush();
  }

  flush(): void {
    const [messages, executions] = [this.messages, this.#executions];
    if (messages.length === 0) return;
    this.messages = [];
    this.#executions = [];
    const startedAt = now();
    try {
      this.#post(messages);
    } catch {
      for (const message of messages) this.#postOne(message);
    }
    bookCloning(executions, now() - startedAt);
  }

  #postOne(message: ToThread): void {
    try {
      this.#post([message]);
    } catch (error) {
      this.#onRefused(message, error);
    }
  }
}
