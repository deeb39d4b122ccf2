/** The clients that read events: how many there may be, and what became of them. */
import { RequestProblem } from './problem.ts';
import { SseStream, type SseOptions } from './sse.ts';

export class SseClients {
  readonly limit: number;
  /** Let go of because they did not keep up. */
  dropped = 0;
  readonly #open = new Set<SseStream>();
  #isClosed = false;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#open.size;
  }

  /** @throws RequestProblem when there are as many as there may be */
  open(options: Omit<SseOptions, 'onEnd'>): Response {
    if (this.#isClosed) throw new RequestProblem(503, 'the server is shutting down');
    if (this.#open.size >= this.limit) {
      throw new RequestProblem(503, `${this.limit} clients read events already (maxClients)`, { 'retry-after': '10' });
    }
    const stream = new SseStream({
      ...options,
      onEnd: (why) => {
        this.#open.delete(stream);
        if (why === 'slow') this.dropped += 1;
      },
    });
    this.#open.add(stream);
    return new Response(stream.body, {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache, no-transform',
        // nginx would gather what should arrive at once.
        'x-accel-buffering': 'no',
      },
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const stream of this.#open) stream.close();
  }
}
