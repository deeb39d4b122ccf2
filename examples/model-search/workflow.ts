/** The model search as a state machine. */
import { Workflow } from '../../src/index.ts';
import * as nodes from './nodes.ts';
import type { SearchStore } from './schema.ts';

export type State = 'Load' | 'Search' | 'Choose' | 'Refit' | 'Test' | 'Report' | 'Failed' | 'Done';

// A run that fails says so: Failed is a state that throws, not an exit, or the run would count as completed.
export const modelSearch = new Workflow<State, SearchStore>('model-search', 'Load', { version: 1 })
  .registerNode('Load', nodes.load, undefined, { onFailure: 'Failed' })
  .registerNode('Search', nodes.search, undefined, { onFailure: 'Failed' })
  .registerNode('Choose', nodes.choose, undefined, { onFailure: 'Failed' })
  .registerNode('Refit', nodes.refit, undefined, { onFailure: 'Failed' })
  .registerNode('Test', nodes.test, undefined, { onFailure: 'Failed' })
  .registerNode('Report', nodes.report, undefined, { onFailure: 'Failed' })
  .registerNode('Failed', nodes.fail)
  .addExitStates('Done');
