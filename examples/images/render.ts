/** Runs on threads: one scene as a picture. */
import type { SharedPicture } from '../../nodes/denoise.ts';
import { defineExec, NonRetryableError } from '../../src/node.ts';
import { Canvas } from './canvas.ts';
import { SCENES } from './scenes/index.ts';

export interface Order {
  readonly scene: string;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
}

export function render({ scene, seed, width, height }: Order): SharedPicture {
  const paint = SCENES.find(([name]) => name === scene)?.[1];
  if (paint === undefined) {
    throw new NonRetryableError(`there is no scene '${scene}'; there are ${SCENES.map(([name]) => name).join(', ')}`);
  }
  const canvas = new Canvas(width, height);
  paint(canvas, seed);
  return { width, height, channels: 3, pixels: canvas.toPixels() };
}

export default defineExec(import.meta.url, { name: 'render', exec: render });
