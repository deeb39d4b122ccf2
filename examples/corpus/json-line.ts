/** Runs on threads: one kept text as a line of corpus.jsonl. */
import { defineExec } from '../../src/node.ts';

/** What is written of a text; the order of the fields is the order in the file. */
export interface TextRecord {
  readonly path: string;
  readonly bytes: number;
  readonly words: number;
  readonly hash: string;
  readonly cluster: number;
  readonly quality: Readonly<Record<string, number>>;
  readonly duplicates: readonly string[];
  readonly text: string;
}

const encoder = new TextEncoder();

/** The line as UTF-8, with its end; signals of quality have four decimals. */
export function jsonLine(record: TextRecord): Uint8Array<ArrayBuffer> {
  const rounded = Object.entries(record.quality).map(([name, value]) => [name, Math.round(value * 10_000) / 10_000]);
  return encoder.encode(`${JSON.stringify({ ...record, quality: Object.fromEntries(rounded) })}\n`);
}

export default defineExec(import.meta.url, { name: 'jsonLine', exec: jsonLine });
