// What a logger may be, and how nodes log.
import { expectTypeOf } from 'expect-type';
import { pino } from 'pino';
import { createEngine, messageFirst, nodeFor, type Engine, type LogFields, type Logger } from '../../../src/index.ts';
import { defineExec, type Log } from '../../../src/node.ts';

// pino fits as it is, its children too.
createEngine({ logger: pino(), logLevel: 'debug' });
createEngine({ logger: pino().child({ service: 'corpus' }) });
createEngine({ logger: undefined, logLevel: undefined });

// What takes the message first is turned around: console, and winston by its shape.
interface LeveledLogMethod {
  (message: string, callback: () => void): object;
  (message: string, meta: unknown): object;
  (message: unknown): object;
}
declare const winston: Record<'debug' | 'info' | 'warn' | 'error' | 'silly', LeveledLogMethod>;
createEngine({ logger: messageFirst(console) });
createEngine({ logger: messageFirst(winston) });

const own: Logger = {
  debug: (fields) => expectTypeOf(fields).toEqualTypeOf<LogFields>(),
  info: ({ cano }, message) => [cano.runId, cano.thread?.toFixed(), message.length],
  warn: async () => {},
  error: () => {},
};
createEngine({ logger: own });
createEngine({ logger: { info: own.info } }); //~ is missing the following properties from type 'Logger'
createEngine({ logger: (text: string) => text }); //~ Type '(text: string) => string' is not assignable to type 'Logger'
createEngine({ logger: own, logLevel: 'verbose' }); //~ Type '"verbose"' is not assignable to type 'LogThreshold
messageFirst({ info: console.info }); //~ is missing the following properties from type 'MessageFirstLogger'

declare const engine: Engine;
engine.logLevel = 'none';
engine.logLevel = 'trace'; //~ Type '"trace"' is not assignable to type 'LogThreshold'

const use = ({ debug, info, isEnabled }: Log): void => {
  info('read', { rows: 12, err: new Error('no') });
  if (isEnabled('debug')) debug('in detail', { sample: [1, 2] });
  if (isEnabled('none')) debug('never'); //~ Argument of type '"none"' is not assignable to parameter of type 'LogLevel'
  info({ rows: 12 }, 'read'); //~ is not assignable to parameter of type 'string'
};
defineExec(import.meta.url, { name: 'x', exec: (_input: undefined, ctx) => use(ctx.log) });
nodeFor<object>()({
  name: 'x',
  outcomes: ['Done'],
  prep: (_store, ctx) => use(ctx.log),
  exec: (_input, ctx) => use(ctx.log),
  post: (_store, _output, ctx) => (use(ctx.log), 'Done'),
});
