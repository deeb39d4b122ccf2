/** What a run writes. */

/** Tells a folder that this pipeline wrote; `scan` passes it over. */
export const MARKER = '.cano-corpus';

export const OUTPUT = { texts: 'corpus.jsonl', report: 'report.html' } as const;
