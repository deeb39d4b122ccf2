/** Choose → CleanHere or Clean → Match → Locate → Done */
import { Workflow } from '../../src/index.ts';
import * as nodes from './nodes.ts';
import type { TremorStore } from './schema.ts';

type State = 'Choose' | 'CleanHere' | 'Clean' | 'Match' | 'Locate' | 'Done';

export const tremors = new Workflow<State, TremorStore>('tremors', 'Choose')
  .registerNode('Choose', nodes.choose)
  .registerNode('CleanHere', nodes.cleanHere)
  .registerNode('Clean', nodes.cleanOnThreads)
  .registerNode('Match', nodes.matchWindows)
  .registerNode('Locate', nodes.locateTremors)
  .addExitStates('Done');
