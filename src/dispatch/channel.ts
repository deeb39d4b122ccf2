// Thread: main
/**
 * The channel of a lease: a port whose other end is held by one thread of the pool, from the moment it takes the lease
 * until it gives it back or dies.
 *
 * H1 The end is told once, when the port has closed and the pool knows how the lease ended. What the thread posted before
 *    it died has been delivered by then.
 * H2 A thread that stays in native code cannot be waited for: its end is told all the same, and its port closed.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { systemClock } from '../core/clock.ts';
import { decodeError } from '../core/error-codec.ts';
import type { DeathReason } from '../core/errors.ts';
import type { Dying, FromThread, LeaseStart, ToThread } from '../wire/messages.ts';
import { reasonOf, type Death } from './deaths.ts';
import type { ThreadPool } from './pool.ts';
import { openServices } from './rpc.ts';

/** From the pool's word that a lease has failed until its last messages must have come. */
const LAST_WORDS_MS = 100;
/** From the end of the port until the end of the thread must have shown. */
const LAST_BREATH_MS = 1_000;

export interface ChannelOptions {
  readonly pool: ThreadPool;
  /** What the thread is told at once; the channel adds its ports. */
  readonly start: Omit<LeaseStart, 'port' | 'rpc'>;
  readonly services: object | undefined;
  readonly onBatch: (batch: readonly FromThread[]) => void;
  /** `death` tells how, in case it was not in order. */
  readonly onClosed: (failed: boolean, death: Death) => void;
}

type Failed = { readonly error: unknown } | undefined;

export class Channel {
  readonly #port: MessagePort;
  readonly #rpc: MessagePort | undefined;
  readonly #abort = new AbortController();
  #dying: Dying | undefined;
  #isBroken = false;
  /** The port has closed, and not because the thread was terminated from here. */
  #isCutOff = false;

  constructor({ pool, start, services: given, onBatch, onClosed }: ChannelOptions) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const services = given === undefined ? undefined : openServices(given);
    this.#rpc = services?.near;
    const far = services === undefined ? [port2] : [port2, services.far];
    const whole = { ...start, port: port2, ...(services === undefined ? {} : { rpc: services.far }) };
    const done = pool.lease(whole, far, this.#abort.signal).then(
      () => undefined,
      (error: unknown) => {
        this.#closeSoon();
        return { error };
      },
    );
    port1.on('message', (batch: readonly FromThread[]) => {
      if (Array.isArray(batch)) onBatch(batch);
      else this.breakOff();
    });
    port1.on('messageerror', () => this.breakOff());
    const afterClose = async (): Promise<void> => {
      // A port that is closed while its thread lives on was closed by user code; a thread that ends may take a while.
      const giveUp = systemClock.setTimer(() => this.terminate(), LAST_BREATH_MS);
      this.#isCutOff = !this.#abort.signal.aborted;
      const failed = await done;
      giveUp.cancel();
      onClosed(failed !== undefined, this.#deathOf(failed));
    };
    port1.on('close', () => void afterClose());
    port1.unref();
  }

  /** @throws what structured clone throws */
  post(batch: readonly ToThread[]): void {
    this.#port.postMessage(batch);
  }

  /** Keeps the process alive. */
  ref(): void {
    this.#port.ref();
  }

  unref(): void {
    this.#port.unref();
  }

  /** The thread's last words. */
  takeDying(dying: Dying): void {
    this.#dying = dying;
  }

  /** Terminates the thread. */
  terminate(): void {
    this.#abort.abort();
  }

  /** What runs there, or the way to it, cannot be trusted any more: terminates the thread as one that broke the protocol. */
  breakOff(): void {
    this.#isBroken = true;
    this.terminate();
  }

  /** Calls of services that are under way fail. */
  closeServices(): void {
    this.#rpc?.close();
  }

  // The pool may know of the end before the last messages are here, and a port that is closed drops them. It closes by
  // itself when the thread that holds the other end is gone; not when no thread ever got it, or native code holds it.
  #closeSoon(): void {
    systemClock.setTimer(() => setImmediate(() => this.#port.close()), LAST_WORDS_MS).unref();
  }

  #deathOf(failed: Failed): Death {
    const error = this.#dying?.[3] === undefined ? failed?.error : decodeError(this.#dying[3]);
    // Without last words V8 ended the thread, or it was terminated.
    return { reason: this.#reasonOf(failed), certain: this.#dying?.[2] ?? true, error };
  }

  // What was thrown says nothing about termination: user code throws AbortErrors too.
  #reasonOf(failed: Failed): DeathReason {
    if (this.#isBroken) return 'protocol';
    // It knew best; and a thrown null or undefined ends a thread without a rejection.
    if (this.#dying !== undefined) return this.#dying[1];
    if (this.#abort.signal.aborted) return this.#isCutOff ? 'protocol' : 'terminated';
    return failed === undefined ? 'protocol' : reasonOf(failed.error);
  }
}
