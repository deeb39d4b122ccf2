/** Numbers as people read them; in core, since a run's report speaks too, and here for the edges. */
export { formatBytes, formatCount, formatElapsed, formatMs, formatRate, formatShare, plural } from '../core/format.ts';
