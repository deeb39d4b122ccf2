/** Thread file of workerpool. */
import workerpool from 'workerpool';
import { functions } from './functions.ts';
import { rendezvous } from './rendezvous.ts';

workerpool.worker({ ...functions, rendezvous });
