/** Ctrl-C and the polite kill: the first asks, the second does not wait. */

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export type Signal = (typeof SIGNALS)[number];

/** Calls `first` at the first of these signals and `again` at every later one; returns what puts everything back. */
export function onInterrupt(first: (signal: Signal) => void, again: () => void): () => void {
  let count = 0;
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => {
      count += 1;
      if (count === 1) first(signal);
      else again();
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const off of listeners) off();
  };
}
