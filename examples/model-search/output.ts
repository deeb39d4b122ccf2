/** What a run writes. */

/** Tells a folder that this pipeline wrote. */
export const MARKER = '.cano-model-search';

export const OUTPUT = { results: 'results.json', report: 'report.html' } as const;
