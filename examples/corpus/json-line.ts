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

export default defineExec(import.meta.url, {
  name: 'jsonLine',
  exec: (record: TextRecord) => `${JSON.stringify(record)}\n`,
});
