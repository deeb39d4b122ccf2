/** One event in the memory of a recorder: numbers and names. What a field holds depends on the kind. */

export const KIND = {
  runStarted: 1,
  entered: 2,
  executed: 3,
  transition: 4,
  retry: 5,
  branch: 6,
  join: 7,
  warning: 8,
  runFinished: 9,
  threadStarted: 10,
  threadExited: 11,
} as const;

/** Numbers of a record; times are milliseconds of the engine's clock. Fields that a kind does not have hold anything. */
export const NUMBERS = 14;
export const F_KIND = 0;
export const F_AT = 1;
export const F_VISIT = 2;
/** -1 outside a batch. */
export const F_ITEM = 3;
export const F_ATTEMPT = 4;
/** -1 on the main thread. */
export const F_THREAD = 5;

// Of an execution.
export const F_QUEUED = 6;
export const F_POSTED = 7;
export const F_STARTED = 8;
export const F_ENDED = 9;
export const F_RECEIVED = 10;
export const F_CLONE_MS = 11;
export const F_BYTES_IN = 12;
export const F_BYTES_OUT = 13;

// Of a transition.
export const F_FAILED = 3;
export const F_PREP_MS = 4;
export const F_POST_MS = 5;

/** Of a retry: the delay before it. Of a thread's start: what that took. */
export const F_MS = 6;

// Of a join.
export const F_COMPLETED = 3;
export const F_FAILURES = 4;
export const F_CANCELLED = 5;

/** Names of a record. */
export const NAMES = 7;
/** Empty for an event of the engine. */
export const N_RUN = 0;
export const N_WORKFLOW = 1;
export const N_STATE = 2;
export const N_NODE = 3;
/** Outcome, status, phase, code, reason, or kind of state. */
export const N_OUTCOME = 4;
/** Of what runs in a branch; empty for the rest. */
export const N_BRANCH = 5;
/** Class of the error; empty for none. */
export const N_ERROR = 6;

/** Of a transition. */
export const N_TO = 5;
