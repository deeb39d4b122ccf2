/** The images pipeline as a state machine. */
import { Workflow } from '../../src/index.ts';
import * as nodes from './nodes.ts';
import type { ImagesStore } from './schema.ts';

export type State =
  | 'Choose'
  | 'Render'
  | 'Load'
  | 'AddNoise'
  | 'Denoise'
  | 'Encode'
  | 'Sheet'
  | 'Write'
  | 'Done'
  | 'Empty';

export const images = new Workflow<State, ImagesStore>('images', 'Choose', { version: 1 })
  .registerNode('Choose', nodes.choose, { scenes: 'Render', files: 'Load', nothing: 'Empty' })
  .registerNode('Render', nodes.render)
  .registerNode('Load', nodes.load, { pictures: 'AddNoise', nothing: 'Empty' })
  .registerNode('AddNoise', nodes.addNoise)
  .registerNode('Denoise', nodes.denoise)
  .registerNode('Encode', nodes.encode)
  .registerNode('Sheet', nodes.sheet)
  .registerNode('Write', nodes.write)
  .addExitStates('Done', 'Empty');
