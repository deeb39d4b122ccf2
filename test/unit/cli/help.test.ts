import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { helpOf, pipelineHelp } from '../../../src/cli/help.ts';
import type { Pipeline } from '../../../src/cli/pipeline-file.ts';
import { flagsOf, type InputDeclarations } from '../../../src/definition/inputs.ts';

const pipelineWith = (inputs: InputDeclarations, description?: string): Pipeline =>
  ({ workflow: { name: 'corpus' }, description, flags: flagsOf(inputs) }) as unknown as Pipeline;

describe('help', () => {
  it('lists type, default and description of every input', () => {
    const text = pipelineHelp(
      'corpus.ts',
      pipelineWith(
        {
          input: { type: 'path', default: 'node_modules', mustBe: 'folder', description: 'folder of text files' },
          limit: { type: 'integer', default: 2000, min: 1, description: 'read at most so many files' },
          mode: { type: 'string', choices: ['fast', 'exact'], required: true, description: 'how' },
          threshold: { type: 'number', description: 'Jaccard similarity' },
          dryRun: { type: 'boolean', default: false, description: 'write nothing' },
          aNameThatIsVeryLongIndeed: { type: 'string', description: `long ${'word '.repeat(30)}end` },
        },
        'finds duplicates',
      ),
    );
    const start = text.slice(0, text.indexOf('Flags of every run'));
    assert.equal(
      start,
      [
        'cano run corpus.ts [flags]',
        '',
        'corpus: finds duplicates',
        '',
        'Inputs:',
        '  --input PATH                folder of text files (default node_modules)',
        '  --limit N                   read at most so many files (an integer >= 1; default 2000)',
        '  --mode TEXT                 how (one of fast, exact; required)',
        '  --threshold X               Jaccard similarity (a number)',
        '  --[no-]dry-run              write nothing (default false)',
        '  --a-name-that-is-very-long-indeed TEXT',
        '                              long word word word word word word word word word word word word word',
        '                              word word word word word word word word word word word word word word',
        '                              word word word end',
        '',
        '',
      ].join('\n'),
    );
  });

  it('says when there is nothing to set', () =>
    assert.match(pipelineHelp('a.ts', pipelineWith({})), /\ncorpus\n\nIt has no inputs\.\n/));

  it('fits a terminal of 100 columns', () => {
    for (const of of ['cano', 'run', 'graph', 'trace'] as const) {
      for (const line of helpOf(of).split('\n')) assert.ok(line.length <= 100, line);
    }
    assert.match(
      helpOf('cano'),
      /Exit codes: 0 done, 1 the run failed, 2 nothing was run \(bad usage\), 130 interrupted\./,
    );
  });
});
