/** The scenes, in the order in which they are rendered. */
import type { Canvas } from '../canvas.ts';
import { agate } from './agate.ts';
import { city } from './city.ts';
import { dusk } from './dusk.ts';
import { letter } from './letter.ts';
import { marbles } from './marbles.ts';
import { mosaic } from './mosaic.ts';
import { poster } from './poster.ts';
import { weave } from './weave.ts';

/** Paints a scene; another seed gives another one of its kind. */
export type Scene = (canvas: Canvas, seed: number) => void;

export const SCENES: readonly (readonly [name: string, scene: Scene])[] = [
  ['dusk', dusk],
  ['marbles', marbles],
  ['city', city],
  ['letter', letter],
  ['mosaic', mosaic],
  ['agate', agate],
  ['poster', poster],
  ['weave', weave],
];
