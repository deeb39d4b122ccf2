/** Finds the template that a window of the record resembles most. */
import { defineExec, read, type Shared } from '../../src/node.ts';

export interface Windowed {
  readonly window: Float64Array;
  readonly templates: Float64Array | Shared<Float64Array>;
}

export default defineExec(import.meta.url, {
  name: 'match',
  exec: ({ window, templates }: Windowed) => {
    const shapes = ArrayBuffer.isView(templates) ? templates : read(templates);
    let [best, most] = [-1, -Infinity];
    for (let template = 0; template * window.length < shapes.length; template += 1) {
      const start = template * window.length;
      let sum = 0;
      for (let at = 0; at < window.length; at += 1) sum += (window[at] as number) * (shapes[start + at] as number);
      if (sum > most) [best, most] = [template, sum];
    }
    return best;
  },
});
