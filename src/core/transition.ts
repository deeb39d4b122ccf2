// Thread: both
/** The step of the state machine: what a finished or failed visit leads to. Pure; the run loop acts on it. */

/** Where outcomes that are not states lead, and where failure leads. */
export interface Routing {
  readonly routes: Readonly<Record<string, string>>;
  readonly onFailure?: string | undefined;
}

/** The next thing that the run does. */
export type Decision =
  | { readonly kind: 'enter'; readonly state: string }
  | { readonly kind: 'complete'; readonly state: string }
  | { readonly kind: 'fail' };

/** After post returned `outcome`: a route wins over a state of the same name, so that a wrapper can redirect it. */
export function decideAfterOutcome(routing: Routing, outcome: string, exits: ReadonlySet<string>): Decision {
  const state = Object.hasOwn(routing.routes, outcome) ? (routing.routes[outcome] as string) : outcome;
  return exits.has(state) ? { kind: 'complete', state } : { kind: 'enter', state };
}

/** After the visit failed for good. */
export function decideAfterFailure(routing: Routing, exits: ReadonlySet<string>): Decision {
  if (routing.onFailure === undefined) return { kind: 'fail' };
  return exits.has(routing.onFailure)
    ? { kind: 'complete', state: routing.onFailure }
    : { kind: 'enter', state: routing.onFailure };
}
