/** The corpus pipeline as a state machine. */
import { Workflow } from '../../src/index.ts';
import * as nodes from './nodes.ts';
import type { CorpusStore } from './schema.ts';
import { lines, write } from './write-node.ts';

export type State =
  | 'Scan'
  | 'Read'
  | 'Collapse'
  | 'Fingerprint'
  | 'Candidates'
  | 'Verify'
  | 'Weigh'
  | 'Embed'
  | 'Seed'
  | 'Assign'
  | 'Update'
  | 'Map'
  | 'Lines'
  | 'Write'
  | 'Done'
  | 'Empty';

export const corpus = new Workflow<State, CorpusStore>('corpus', 'Scan', { version: 1 })
  .registerNode('Scan', nodes.scan, { found: 'Read', nothing: 'Empty' })
  .registerNode('Read', nodes.read, { texts: 'Collapse', nothing: 'Empty' })
  .registerNode('Collapse', nodes.collapse)
  .registerNode('Fingerprint', nodes.fingerprint)
  .registerNode('Candidates', nodes.candidates)
  .registerNode('Verify', nodes.verify)
  .registerNode('Weigh', nodes.weigh)
  .registerNode('Embed', nodes.embed)
  .registerNode('Seed', nodes.seed)
  .registerNode('Assign', nodes.assign)
  .registerNode('Update', nodes.update, { moving: 'Assign', settled: 'Map' })
  .registerNode('Map', nodes.map)
  .registerNode('Lines', lines)
  .registerNode('Write', write)
  .addExitStates('Done', 'Empty');
