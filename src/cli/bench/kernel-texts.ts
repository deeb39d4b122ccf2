/** The kernels of `--builtin` and what of the machine each needs. Apart from them, so that help need not load them. */
export const KERNEL_TEXTS = {
  monteCarlo: 'arithmetic only: option prices by Monte Carlo, some numbers there and back',
  alignSequences: 'integers in small tables: Smith-Waterman alignment of DNA',
  fitFold: 'random reads of memory that all threads share: gradient-boosted trees',
  compress: 'native code, and bytes there and back: gzip of blocks of 64 KiB',
  minhash: 'very short executions: signatures of tens of thousands of texts',
} as const;

export type KernelName = keyof typeof KERNEL_TEXTS;
