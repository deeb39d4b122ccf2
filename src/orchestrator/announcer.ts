/** Delivers events to those who listen; costs a check when nobody does. */
import { channel } from 'node:diagnostics_channel';
import type { EngineEvent, RunEvent } from '../core/events.ts';
import { guarded } from '../core/listeners.ts';

type Listener<Event> = (event: Event) => void;

/** `node:diagnostics_channel` names: all events of all runs, and all events of all engines of the process. */
export const RUN_CHANNEL = 'cano:run';
export const ENGINE_CHANNEL = 'cano:engine';

const runChannel = channel(RUN_CHANNEL);
const engineChannel = channel(ENGINE_CHANNEL);

/** Whether somebody listens to all runs of the process. */
export function isRunChannelInUse(): boolean {
  return runChannel.hasSubscribers;
}

/** Hands a run's event to its listeners and to the channel. */
export function deliverRunEvent(event: RunEvent, listeners: readonly Listener<RunEvent>[]): void {
  for (let at = 0; at < listeners.length; at += 1) guarded(listeners[at] as Listener<RunEvent>, event);
  if (runChannel.hasSubscribers) runChannel.publish(event);
}

export function deliverEngineEvent(event: EngineEvent, listeners: Iterable<Listener<EngineEvent>>): void {
  for (const listener of listeners) guarded(listener, event);
  if (engineChannel.hasSubscribers) engineChannel.publish(event);
}
