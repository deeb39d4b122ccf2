// Durations, retry policies, engine options.
import { createEngine, retry, type Duration, type RetryPolicy } from '../../../src/index.ts';

const durations: Duration[] = [0, 1.5, '500ms', '30s', '5m', '2h', '1.5h'];
const minutes: Duration = '5 minutes'; //~ Type '"5 minutes"' is not assignable to type 'Duration'
const unit: Duration = '5'; //~ Type '"5"' is not assignable to type 'Duration'
const days: Duration = '5d'; //~ Type '"5d"' is not assignable to type 'Duration'
const computed: Duration = `${durations.length}s`;

const policies: RetryPolicy[] = [
  retry.none(),
  retry.fixed({ retries: 2 }),
  retry.fixed({ retries: 2, delay: '1s' }),
  retry.exponential(),
  retry.exponential({ retries: 5, baseDelay: '100ms', multiplier: 2, maxDelay: '30s', jitter: 0.1 }),
];
retry.fixed({ delay: '1s' }); //~ Property 'retries' is missing
retry.fixed({ retries: 2, delay: '1 second' }); //~ Type '"1 second"' is not assignable to type 'Duration'
retry.fixed({ retries: 2, jitter: 0.1 }); //~ 'jitter' does not exist in type 'FixedRetryOptions'
retry.exponential({ retries: '5' }); //~ Type 'string' is not assignable to type 'number'
retry.exponential({ maxAttempts: 5 }); //~ 'maxAttempts' does not exist in type 'ExponentialRetryOptions'

createEngine({ threads: 2, grace: '1s', inline: true, resourceLimits: { maxOldGenerationSizeMb: 64 } });
createEngine({ threads: '2' }); //~ Type 'string' is not assignable to type 'number'
createEngine({ grace: '1 second' }); //~ Type '"1 second"' is not assignable to type 'Duration
createEngine({ thread: 2 }); //~ 'thread' does not exist in type 'EngineOptions
