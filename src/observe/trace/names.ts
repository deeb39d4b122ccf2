/** Names as numbers, so that a recorder keeps numbers only. */

/** Beyond so many, names are one: a program that makes them up at run time must not fill the memory. */
const LIMIT = 2 ** 15 - 1;
const OTHER = '(more names)';

/** Names by id. Id 0 is the empty name. */
export class Names {
  readonly list: string[] = ['', OTHER];
  readonly #ids = new Map<string, number>([['', 0]]);

  idOf(name: string): number {
    const id = this.#ids.get(name);
    if (id !== undefined) return id;
    if (this.list.length >= LIMIT) return 1;
    const added = this.list.push(name) - 1;
    this.#ids.set(name, added);
    return added;
  }
}

/** Where events come from. */
export interface Place {
  readonly id: number;
  readonly workflow: string;
  readonly state: string;
  readonly node: string;
  /** Empty outside a split. */
  readonly branch: string;
  /** Another one of this workflow and state. */
  readonly next: Place | undefined;
  /** The state that was entered last after an event of this place. */
  follower: Place | undefined;
  /** Where the last transition from here went: most go the same way. */
  outcome: string;
  outcomeId: number;
  to: string;
  toId: number;
}

const MAX_PLACES = 2 ** 16 - 1;

export class Places {
  readonly list: Place[] = [newPlace(0, OTHER, OTHER, OTHER, '', undefined)];
  readonly #workflows = new Map<string, Map<string, Place>>();
  // Events come in rows of one place; those of a workflow in longer rows.
  #last: Place = this.list[0] as Place;
  #workflow = '';
  #states: Map<string, Place> | undefined;

  of(workflow: string, state: string, node: string, branch: string): Place {
    const last = this.#last;
    if (last.state === state && last.workflow === workflow && last.node === node && last.branch === branch) return last;
    return (this.#last = this.#find(workflow, state, node, branch));
  }

  /** As `of`, where a state is entered: most often the one that was entered from the last place before. */
  entered(workflow: string, state: string, node: string): Place {
    const last = this.#last;
    const { follower } = last;
    if (follower?.state === state && follower.workflow === workflow && follower.node === node)
      return (this.#last = follower);
    return (this.#last = last.follower = this.#find(workflow, state, node, ''));
  }

  #find(workflow: string, state: string, node: string, branch: string): Place {
    if (workflow !== this.#workflow || this.#states === undefined) {
      this.#workflow = workflow;
      this.#states = this.#workflows.get(workflow) ?? new Map<string, Place>();
      this.#workflows.set(workflow, this.#states);
    }
    const first = this.#states.get(state);
    let place = first;
    while (place !== undefined && (place.node !== node || place.branch !== branch)) place = place.next;
    if (place !== undefined) return place;
    if (this.list.length >= MAX_PLACES) return this.list[0] as Place;
    place = newPlace(this.list.length, workflow, state, node, branch, first);
    this.list.push(place);
    this.#states.set(state, place);
    return place;
  }
}

function newPlace(
  id: number,
  workflow: string,
  state: string,
  node: string,
  branch: string,
  next: Place | undefined,
): Place {
  return { id, workflow, state, node, branch, next, follower: undefined, outcome: '', outcomeId: 0, to: '', toId: 0 };
}
