/**
 * Server-sent events (WHATWG HTML, "Server-sent events"): what a feed says, to one client.
 *
 * X1 A client gets events as fast as it reads them, and no copy of them is kept for it. Whoever falls behind by more than the
 *    feed keeps is let go of; it may come back with `Last-Event-ID`, and is told of the gap.
 */
import { eventJson } from '../observe/notes.ts';
import { passes, type AnyEvent, type EventFeed, type FeedFilter } from './event-feed.ts';

/** Bytes on the way to a client. */
const AHEAD_BYTES = 64 * 1024;
/** Events of so many milliseconds leave in one piece. */
const GATHER_MS = 50;
const HEARTBEAT_MS = 15_000;
/** What a client waits before it comes back. */
const RETRY_MS = 2_000;

export interface SseOptions {
  readonly feed: EventFeed;
  readonly filter: FeedFilter;
  /** From the header of the same name. */
  readonly lastEventId: string | undefined;
  /** The client is gone: it left, or was let go of because it did not keep up. */
  readonly onEnd: (why: 'left' | 'slow') => void;
}

/** One client's stream. */
export class SseStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: SseOptions;
  readonly #encoder = new TextEncoder();
  readonly #off: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #next: number;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: SseOptions) {
    this.#options = options;
    const { feed, lastEventId } = options;
    const next = lastEventId === undefined ? feed.last + 1 : feed.after(lastEventId);
    this.#next = next ?? feed.last + 1;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pump(),
        cancel: () => this.#end('left'),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: AHEAD_BYTES }),
    );
    // It leaves with the headers: a client learns at once that it is connected.
    this.#write(`retry: ${RETRY_MS}\n\n`);
    if (next === undefined) {
      const reason = 'what came after it is not kept any more, or it is of another process';
      this.#write(`event: gap\ndata: ${JSON.stringify({ lastEventId, reason })}\n\n`);
    }
    this.#off = feed.wake(() => {
      this.#timer ??= setTimeout(() => this.#pump(), GATHER_MS).unref();
    });
    this.#heartbeat = setInterval(() => {
      if ((this.#controller.desiredSize ?? 0) > 0) this.#write(': still here\n\n');
    }, HEARTBEAT_MS).unref();
  }

  /** Says good-bye: the server ends. */
  close(): void {
    if (this.#isOver) return;
    this.#pump();
    if (this.#isOver) return;
    this.#write('event: end\ndata: {}\n\n');
    this.#end('left');
    this.#controller.close();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { feed, filter } = this.#options;
    if (this.#isOver) return;
    if (this.#next <= feed.last && feed.at(this.#next) === undefined) {
      this.#end('slow');
      this.#controller.error(new Error('the client did not keep up'));
      return;
    }
    const room = this.#controller.desiredSize ?? 0;
    let text = '';
    for (; text.length < room && this.#next <= feed.last; this.#next += 1) {
      const event = feed.at(this.#next) as AnyEvent;
      if (passes(filter, event)) {
        text += `id: ${feed.idOf(this.#next)}\nevent: ${event.type}\ndata: ${eventJson(event)}\n\n`;
      }
    }
    if (text !== '') this.#write(text);
  }

  #write(text: string): void {
    this.#controller.enqueue(this.#encoder.encode(text));
  }

  #end(why: 'left' | 'slow'): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#off();
    clearInterval(this.#heartbeat);
    clearTimeout(this.#timer);
    this.#options.onEnd(why);
  }
}
