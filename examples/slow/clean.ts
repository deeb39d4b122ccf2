/** Takes the spikes out of a part of the record. */
import { defineExec } from '../../src/node.ts';
import { medians } from './smooth.ts';

export default defineExec(import.meta.url, { name: 'clean', exec: (part: Float64Array) => medians(part) });
