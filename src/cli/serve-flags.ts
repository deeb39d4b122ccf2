/** The flags of `cano serve`; `value` stands for a value in the help. Apart from it, so that help need not load a server. */
export const SERVE_FLAGS: Readonly<Record<string, { readonly value: string | undefined; readonly help: string }>> = {
  host: { value: 'HOST', help: 'address to listen on (default 127.0.0.1; others need a token)' },
  port: { value: 'N', help: 'port to listen on, 0 for any that is free (default 9464)' },
  threads: { value: 'N', help: 'number of threads (default CANO_THREADS, else all usable cores)' },
  'log-level': {
    value: 'LEVEL',
    help: 'least level that is logged: debug (every event too), info (default), warn, error or none',
  },
  verbose: { value: undefined, help: '--log-level debug, and stacks of errors' },
};
