/** What the API answers, as JSON Schema. */
import { Type, type TSchema } from 'typebox';

const Time = Type.String({ format: 'date-time', description: 'ISO 8601, UTC' });
const Ms = Type.Number({ description: 'milliseconds' });

const STATUSES = ['pending', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'timed_out'] as const;

export const Status: TSchema = Type.Union(STATUSES.map((status) => Type.Literal(status)));

const Failure = Type.Object({
  name: Type.String(),
  message: Type.String(),
  code: Type.Optional(Type.String()),
});

/** Errors, by RFC 9457. */
export const Problem: TSchema = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'what was wrong, and what to do about it' }),
    code: Type.Optional(Type.String({ description: 'stable; of the error that cano threw' })),
  },
  { $id: 'Problem' },
);

const RunSummary = Type.Object({
  id: Type.String(),
  workflow: Type.String(),
  version: Type.Integer(),
  status: Status,
  state: Type.String({ description: 'where it stands; the exit state of a completed run' }),
  startedAt: Time,
  durationMs: Ms,
  transitions: Type.Integer(),
  schedule: Type.Optional(Type.String()),
  error: Type.Optional(Failure),
});

const NodeFigures = Type.Object(
  {
    state: Type.String(),
    node: Type.String(),
    branch: Type.Optional(Type.String()),
    kind: Type.String({ description: 'node, batch, split, workflow or branch' }),
    visits: Type.Integer(),
    executions: Type.Integer(),
    attempts: Type.Integer(),
    retries: Type.Integer(),
    failures: Type.Integer(),
    wallMs: Ms,
    pathMs: Ms,
    prepMs: Ms,
    queueMs: Ms,
    execMs: Ms,
    inlineMs: Ms,
    blockedMs: Ms,
    feedMs: Ms,
    overrunMs: Ms,
    lostMs: Ms,
    longestMs: Ms,
    postMs: Ms,
    backoffMs: Ms,
    cloneMs: Ms,
    returnMs: Ms,
    bytesIn: Type.Number(),
    bytesOut: Type.Number(),
  },
  { description: 'sums over all visits of the run' },
);

export const RunDetail: TSchema = Type.Intersect([
  RunSummary,
  Type.Object({
    inputs: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
    busyThreads: Type.Number({ description: 'execution time over wall time' }),
    threadMs: Type.Array(Ms, { description: 'execution time by thread' }),
    nodes: Type.Array(NodeFigures),
    waitsFor: Type.Optional(Type.String({ description: 'of a run under way: what it waits for, in a sentence' })),
  }),
]);

export const RunPage: TSchema = Type.Object({
  runs: Type.Array(RunSummary),
  next: Type.Optional(Type.String({ description: "the 'before' of the next page" })),
  kept: Type.Integer({ description: 'so many ended runs are kept at most' }),
  dropped: Type.Integer({ description: 'ended runs that are not kept any more' }),
});

export const WorkflowInfo: TSchema = Type.Object({
  id: Type.String(),
  version: Type.Integer(),
  description: Type.Optional(Type.String()),
  inputs: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      description: Type.String(),
      required: Type.Boolean(),
      rule: Type.String({ description: "what a value must be, as the end of 'must be …'" }),
      default: Type.Optional(Type.Unknown()),
    }),
  ),
  states: Type.Array(Type.Object({ state: Type.String(), node: Type.String(), branch: Type.Optional(Type.String()) })),
  exits: Type.Array(Type.String()),
  graph: Type.String({ description: 'Mermaid state diagram' }),
});

const Reason = Type.Union([Type.Literal('schedule'), Type.Literal('catch_up'), Type.Literal('trigger')]);

export const ScheduleInfo: TSchema = Type.Object({
  id: Type.String(),
  workflow: Type.String(),
  plan: Type.String(),
  status: Type.Union((['idle', 'running', 'paused', 'backoff', 'tripped'] as const).map((each) => Type.Literal(each))),
  overlap: Type.String(),
  running: Type.Integer(),
  queued: Type.Integer(),
  runs: Type.Integer(),
  successes: Type.Integer(),
  failures: Type.Integer(),
  cancellations: Type.Integer(),
  skips: Type.Integer(),
  misses: Type.Integer(),
  failureStreak: Type.Integer(),
  lastStart: Type.Optional(Time),
  lastDurationMs: Type.Optional(Ms),
  averageDurationMs: Type.Optional(Ms),
  lastLatenessMs: Type.Optional(Ms),
  lastError: Type.Optional(Failure),
  backoffUntil: Type.Optional(Time),
  nextFires: Type.Array(Time),
  history: Type.Array(
    Type.Object({
      runId: Type.Optional(Type.String()),
      reason: Reason,
      scheduledAt: Time,
      startedAt: Time,
      latenessMs: Ms,
      status: Status,
      state: Type.Optional(Type.String()),
      durationMs: Type.Optional(Ms),
      error: Type.Optional(Failure),
    }),
  ),
});
