/**
 * Keeps what others write to a stream (console.log in a node, a library's warning, stdout of threads) apart from what a
 * reporter draws there. Threads' output passes through the same stream object of the main thread.
 */

import { StringDecoder } from 'node:string_decoder';

/** A stream whose `write` can be replaced; `process.stdout` is one. */
export interface GuardedStream {
  write: NodeJS.WriteStream['write'];
}

export interface Guard {
  /** Writes past the guard. */
  readonly write: (text: string) => void;
  /** Puts the stream's own `write` back. Safe to call twice. */
  readonly release: () => void;
}

/**
 * Sends what others write to `divert` instead.
 *
 * @param divert gets every chunk as text, in order
 */
export function guardStream(stream: GuardedStream, divert: (text: string) => void): Guard {
  const { write } = stream;
  const decoder = new StringDecoder();
  const isOwn = Object.hasOwn(stream, 'write');
  const replaced = (chunk: string | Uint8Array, encodingOrDone?: unknown, done?: unknown): boolean => {
    divert(
      typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)),
    );
    const callback = typeof encodingOrDone === 'function' ? encodingOrDone : done;
    if (typeof callback === 'function') process.nextTick(callback);
    return true;
  };
  stream.write = replaced;
  return {
    write: (text) => void write.call(stream, text),
    release: () => {
      if (stream.write !== replaced) return;
      if (isOwn) stream.write = write;
      else delete (stream as { write?: unknown }).write;
    },
  };
}
