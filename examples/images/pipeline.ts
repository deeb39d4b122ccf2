/** The images pipeline on the command line: `cano run examples/images/pipeline.ts`. */
import { join, resolve } from 'node:path';
import { definePipeline, MemoryStore } from '../../src/index.ts';
import { gainOf } from './page-html.ts';
import type { ImagesSchema, ImagesStore } from './schema.ts';
import { images } from './workflow.ts';
import { MARKER, PAGE, SHEET } from './output.ts';
import { refuseForeignFolder } from '../shared/out-folder.ts';

/** Deviation of the noise on rendered pictures, when none is asked for. */
const NOISE = 25;

export default definePipeline({
  description:
    'Renders pictures or reads your PNG files, takes the noise out of them in tiles, and shows before and after.',
  workflow: images,
  inputs: {
    input: { type: 'path', mustBe: 'folder', description: 'take the PNG files of this folder and render nothing' },
    // Not below ./out, the folder of `npm start`, which is replaced as a whole.
    out: { type: 'path', default: './out-images', description: 'the folder to write, replaced as a whole' },
    count: { type: 'integer', default: 8, min: 1, max: 64, description: 'most pictures to render or to read' },
    width: { type: 'integer', default: 640, min: 16, max: 4096, description: 'of rendered pictures, in pixels' },
    height: { type: 'integer', default: 480, min: 16, max: 4096, description: 'of rendered pictures, in pixels' },
    noise: {
      type: 'number',
      min: 0,
      max: 100,
      description: `standard deviation of the noise to add, in levels of 255; without it ${NOISE} on rendered pictures, none on yours`,
    },
    strength: {
      type: 'number',
      default: 1,
      min: 0,
      max: 4,
      description: 'how much noise to take out, as a multiple of what is there',
    },
    seed: { type: 'integer', default: 1, min: 0, max: 1_000_000, description: 'chooses the scenes and the noise' },
  },
  store: ({ input, out, noise, ...rest }) => {
    refuseForeignFolder(resolve(out), MARKER);
    return new MemoryStore<ImagesSchema>({
      settings: {
        ...rest,
        input: input === undefined ? undefined : resolve(input),
        out: resolve(out),
        noise: noise ?? (input === undefined ? NOISE : 0),
      },
    });
  },
  summary: (store, { state }) => {
    const skipped = skippedOf(store);
    if (state === 'Empty') {
      const why = skipped === undefined ? 'no PNG file' : `only PNG files that cannot be used (${skipped})`;
      return `${why} in '${store.get('settings').input}'; nothing was written`;
    }
    const { out } = store.get('settings');
    const gain = gainOf(store.get('prints'));
    return [
      `${counted(store.get('originals').length, 'picture')} denoised in ${counted(store.get('tiles'), 'tile')}${gain === undefined ? '' : `; ${gain}`}`,
      ...(skipped === undefined ? [] : [`${counted(store.get('skipped').length, 'PNG file')} left out: ${skipped}`]),
      `page   ${join(out, PAGE)}`,
      `sheet  ${join(out, SHEET)}`,
    ];
  },
});

/** How many files could not be used, by reason; undefined when all could. */
function skippedOf(store: ImagesStore): string | undefined {
  const reasons = store.get('skipped').map(({ reason }) => reason.replaceAll('_', ' '));
  if (reasons.length === 0) return undefined;
  return [...new Set(reasons)]
    .map((reason) => `${reasons.filter((other) => other === reason).length} ${reason}`)
    .join(', ');
}

function counted(value: number, noun: string): string {
  return `${value} ${value === 1 ? noun : `${noun}s`}`;
}
