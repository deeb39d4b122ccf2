/** Writes a trace to a file: in pieces, compressed when the name says so, whole or not at all. */
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CanoError, messageOf } from '../../core/errors.ts';
import { traceText } from './export.ts';
import type { Recording } from './reading.ts';
import type { TraceFile } from './trace.ts';

let written = 0;

export async function writeTrace(path: string, recording: Recording): Promise<TraceFile> {
  // Loaded when they are needed: most programs write no trace.
  const [{ Readable }, { pipeline }, { createGzip }] = await Promise.all([
    import('node:stream'),
    import('node:stream/promises'),
    import('node:zlib'),
  ]);
  const target = resolve(path);
  // Beside the target, so that the last step is a change of name.
  written += 1;
  const temporary = `${target}.${process.pid}-${written}.tmp`;
  let events = 0;
  const pieces = function* (): Generator<string> {
    for (const piece of traceText(recording)) {
      events += piece.events;
      yield piece.text;
    }
  };
  try {
    const present = await stat(target).catch(() => undefined);
    // Replaced as a file is, a pipe or a device would be gone. (Of a folder the file system says so.)
    if (present !== undefined && !present.isFile() && !present.isDirectory()) throw new Error('it is no regular file');
    const source = Readable.from(pieces());
    const sink = createWriteStream(temporary, { flags: 'wx' });
    await (path.endsWith('.gz') ? pipeline(source, createGzip(), sink) : pipeline(source, sink));
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new CanoError('CANO_TRACE_NOT_WRITTEN', `the trace cannot be written to '${path}': ${messageOf(error)}`, {
      cause: error,
    });
  }
  const { size } = await stat(target);
  return { path, bytes: size, events, dropped: recording.dropped };
}
