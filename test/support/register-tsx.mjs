// Passed with --import in place of `tsx` itself: threads inherit the flag, and on Node 20 tsx's own preload registers
// its hooks on the main thread only, so a worker could not load a .ts file.
import { register } from 'tsx/esm/api';

register();
