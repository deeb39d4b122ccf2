/** Events of one run as an engine would send them, and sinks that keep what is written. */
import type {
  EngineEvent,
  ExecFinished,
  RunEvent,
  RunEventBody,
  StateKind,
  LogLevel,
} from '../../../src/core/events.ts';
import type { NodeReport, RunReport } from '../../../src/core/report.ts';
import type { Sink } from '../../../src/observe/reporter.ts';
import { newCells } from '../../../src/orchestrator/run-report.ts';

/** Numbers events and gives them their time. */
export class Script {
  at = 1000;
  readonly listeners: ((event: RunEvent | EngineEvent) => void)[];
  #seq = 0;

  constructor(...listeners: readonly ((event: RunEvent | EngineEvent) => void)[]) {
    this.listeners = [...listeners];
  }

  /** Sends an event `afterMs` after the one before. */
  send(body: RunEventBody, afterMs = 0): void {
    this.at += afterMs;
    this.#seq += 1;
    const head = { v: 1, seq: this.#seq, at: this.at, runId: 'run-1', workflow: 'corpus', version: 1 } as const;
    for (const listener of this.listeners) listener({ ...head, ...body });
  }

  start(): void {
    this.send({ type: 'run.started', state: 'Scan', wallTime: 0 });
  }

  enter(state: string, kind: StateKind = 'node', afterMs = 0): void {
    this.send({ type: 'state.entered', state, node: state.toLowerCase(), visit: 1, kind }, afterMs);
  }

  size(state: string, items: number): void {
    this.send({ type: 'batch.sized', state, node: state.toLowerCase(), visit: 1, items, final: true });
  }

  /** An execution that took `ms` and ended now. */
  exec(state: string, ms: number, fields: Partial<ExecFinished> = {}, afterMs = 0): void {
    const endedAt = this.at + afterMs;
    const startedAt = endedAt - ms;
    this.send(
      {
        type: 'exec.finished',
        state,
        node: state.toLowerCase(),
        visit: 1,
        attempt: 1,
        thread: 0,
        outcome: 'ok',
        queuedAt: startedAt,
        postedAt: startedAt,
        startedAt,
        endedAt,
        receivedAt: endedAt,
        waitMs: 0,
        together: 1,
        cloneMs: 0,
        bytesIn: 0,
        bytesOut: 0,
        ...fields,
      },
      afterMs,
    );
  }

  retry(state: string, item?: number, phase: 'prep' | 'exec' | 'post' = 'exec'): void {
    const place = { state, node: state.toLowerCase(), visit: 1, ...(item === undefined ? {} : { item }) };
    this.send({
      type: 'retry.scheduled',
      ...place,
      phase,
      attempt: 1,
      delayMs: 10,
      error: { name: 'Error', message: 'x' },
    });
  }

  leave(state: string, to: string, afterMs = 0, failed = false): void {
    const place = { state, node: state.toLowerCase(), visit: 1 };
    this.send({ type: 'transition', ...place, outcome: to, to, failed, prepMs: 0, postMs: 0 }, afterMs);
  }

  log(state: string, message: string, fields?: Readonly<Record<string, unknown>>, level: LogLevel = 'info'): void {
    const place = { state, node: state.toLowerCase(), visit: 1, attempt: 1 };
    this.send({ type: 'log', ...place, level, message, ...(fields === undefined ? {} : { fields }) });
  }

  end(status: 'completed' | 'failed' | 'cancelled' | 'timed_out', state: string, report: RunReport, afterMs = 0): void {
    this.send({ type: 'run.finished', status, state, report }, afterMs);
  }
}

export function nodeReport(state: string, fields: Partial<NodeReport> = {}): NodeReport {
  return {
    ...newCells(state, state.toLowerCase(), 'node'),
    visits: 1,
    executions: 1,
    attempts: 1,
    ...fields,
  };
}

export function runReport(nodes: NodeReport[], fields: Partial<RunReport> = {}): RunReport {
  const wallMs = fields.wallMs ?? 1000;
  const execMs = nodes.reduce((sum, node) => sum + node.execMs, 0);
  return {
    runId: 'run-1',
    workflow: 'corpus',
    version: 1,
    status: 'completed',
    startedAt: 0,
    wallMs,
    pendingMs: 0,
    stoppingMs: 0,
    threads: 2,
    transitions: nodes.length,
    busyThreads: execMs / wallMs,
    threadMs: [],
    nodes,
    ...fields,
  };
}

/** A stream that keeps what is written to it. */
export class TextSink implements Sink {
  readonly isTTY: boolean;
  columns = 80;
  rows = 24;
  readonly writes: string[] = [];

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(text: string): boolean {
    this.writes.push(text);
    return true;
  }

  get text(): string {
    return this.writes.join('');
  }
}
