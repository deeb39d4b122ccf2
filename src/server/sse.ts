/**
 * Server-sent events (WHATWG HTML, "Server-sent events"): what a feed says, to one client.
 *
 * X1 What has not been read by the client is bounded: above `MAX_BEHIND_BYTES` its connection is broken off. It may come
 *    back with `Last-Event-ID`.
 */
import { passes, type EventFeed, type FeedEntry, type FeedFilter } from './event-feed.ts';

const MAX_BEHIND_BYTES = 1024 * 1024;
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
  #gathered = '';
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: SseOptions) {
    this.#options = options;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        cancel: () => this.#end('left'),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: 64 * 1024 }),
    );
    const { feed, lastEventId } = options;
    this.#write(`retry: ${RETRY_MS}\n\n`);
    const missed = lastEventId === undefined ? [] : feed.since(lastEventId);
    if (missed === undefined) {
      this.#write(
        `event: gap\ndata: ${JSON.stringify({ lastEventId, reason: 'older than what is kept, or of another process' })}\n\n`,
      );
    }
    this.#off = feed.read((entry) => this.#take(entry));
    this.#heartbeat = setInterval(() => this.#write(': still here\n\n'), HEARTBEAT_MS);
    this.#heartbeat.unref();
    for (const entry of missed ?? []) this.#take(entry);
    // The headers leave with the first bytes: a client learns at once that it is connected.
    this.#flush();
  }

  /** Says good-bye: the server ends. */
  close(): void {
    if (this.#isOver) return;
    this.#flush();
    this.#write('event: end\ndata: {}\n\n');
    this.#end('left');
    this.#controller.close();
  }

  #take({ id, event }: FeedEntry): void {
    const { feed, filter } = this.#options;
    if (!passes(filter, event)) return;
    this.#gathered += `id: ${feed.idOf(id)}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
    if (this.#gathered.length > MAX_BEHIND_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS).unref();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#gathered;
    this.#gathered = '';
    if (text !== '') this.#write(text);
  }

  #write(text: string): void {
    if (this.#isOver) return;
    this.#controller.enqueue(this.#encoder.encode(text));
    if ((this.#controller.desiredSize ?? 0) > -MAX_BEHIND_BYTES) return;
    this.#end('slow');
    this.#controller.error(new Error('the client did not keep up'));
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
