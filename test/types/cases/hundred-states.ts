// A workflow of 100 states compiles, and says what is missing: the types of a long chain must not grow without bounds.
import { expectTypeOf } from 'expect-type';
import { batchNodeFor, createEngine, MemoryStore, nodeFor, Workflow, type Store } from '../../../src/index.ts';
import { defineExec } from '../../../src/node.ts';

type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;
type State = `S${Digit}${Digit}` | 'Done' | 'Failed';
interface Data {
  texts: string[];
  count: number;
}

const measure = defineExec(import.meta.url, { name: 'measure', exec: (text: string) => text.length });
const node = nodeFor<Store<Data>, { clock: { now(): number } }>();
const batchNode = batchNodeFor<Store<Data>>();
const next = <const Outcome extends State>(outcome: Outcome) =>
  node({ name: outcome, outcomes: [outcome, 'Failed'], exec: () => 1, post: (_s, n) => (n > 0 ? outcome : 'Failed') });
const batch = batchNode({
  name: 'batch',
  outcomes: ['next', 'broken'],
  prep: (s) => s.get('texts'),
  exec: measure,
  post: (_s, lengths) => (lengths.length > 0 ? 'next' : 'broken'),
});

const start = new Workflow<State, MemoryStore<Data>>('hundred', 'S00');
const chain = start
  .registerNode('S00', batch, { next: 'S01', broken: 'Failed' })
  .registerNode('S01', next('S02'), undefined, { onFailure: 'Failed' })
  .registerNode('S02', next('S03'), undefined, { onFailure: 'Failed' })
  .registerNode('S03', batch, { next: 'S04', broken: 'Failed' })
  .registerNode('S04', next('S05'), undefined, { onFailure: 'Failed' })
  .registerNode('S05', next('S06'), undefined, { onFailure: 'Failed' })
  .registerNode('S06', batch, { next: 'S07', broken: 'Failed' })
  .registerNode('S07', next('S08'), undefined, { onFailure: 'Failed' })
  .registerNode('S08', next('S09'), undefined, { onFailure: 'Failed' })
  .registerNode('S09', batch, { next: 'S10', broken: 'Failed' })
  .registerNode('S10', next('S11'), undefined, { onFailure: 'Failed' })
  .registerNode('S11', next('S12'), undefined, { onFailure: 'Failed' })
  .registerNode('S12', batch, { next: 'S13', broken: 'Failed' })
  .registerNode('S13', next('S14'), undefined, { onFailure: 'Failed' })
  .registerNode('S14', next('S15'), undefined, { onFailure: 'Failed' })
  .registerNode('S15', batch, { next: 'S16', broken: 'Failed' })
  .registerNode('S16', next('S17'), undefined, { onFailure: 'Failed' })
  .registerNode('S17', next('S18'), undefined, { onFailure: 'Failed' })
  .registerNode('S18', batch, { next: 'S19', broken: 'Failed' })
  .registerNode('S19', next('S20'), undefined, { onFailure: 'Failed' })
  .registerNode('S20', next('S21'), undefined, { onFailure: 'Failed' })
  .registerNode('S21', batch, { next: 'S22', broken: 'Failed' })
  .registerNode('S22', next('S23'), undefined, { onFailure: 'Failed' })
  .registerNode('S23', next('S24'), undefined, { onFailure: 'Failed' })
  .registerNode('S24', batch, { next: 'S25', broken: 'Failed' })
  .registerNode('S25', next('S26'), undefined, { onFailure: 'Failed' })
  .registerNode('S26', next('S27'), undefined, { onFailure: 'Failed' })
  .registerNode('S27', batch, { next: 'S28', broken: 'Failed' })
  .registerNode('S28', next('S29'), undefined, { onFailure: 'Failed' })
  .registerNode('S29', next('S30'), undefined, { onFailure: 'Failed' })
  .registerNode('S30', batch, { next: 'S31', broken: 'Failed' })
  .registerNode('S31', next('S32'), undefined, { onFailure: 'Failed' })
  .registerNode('S32', next('S33'), undefined, { onFailure: 'Failed' })
  .registerNode('S33', batch, { next: 'S34', broken: 'Failed' })
  .registerNode('S34', next('S35'), undefined, { onFailure: 'Failed' })
  .registerNode('S35', next('S36'), undefined, { onFailure: 'Failed' })
  .registerNode('S36', batch, { next: 'S37', broken: 'Failed' })
  .registerNode('S37', next('S38'), undefined, { onFailure: 'Failed' })
  .registerNode('S38', next('S39'), undefined, { onFailure: 'Failed' })
  .registerNode('S39', batch, { next: 'S40', broken: 'Failed' })
  .registerNode('S40', next('S41'), undefined, { onFailure: 'Failed' })
  .registerNode('S41', next('S42'), undefined, { onFailure: 'Failed' })
  .registerNode('S42', batch, { next: 'S43', broken: 'Failed' })
  .registerNode('S43', next('S44'), undefined, { onFailure: 'Failed' })
  .registerNode('S44', next('S45'), undefined, { onFailure: 'Failed' })
  .registerNode('S45', batch, { next: 'S46', broken: 'Failed' })
  .registerNode('S46', next('S47'), undefined, { onFailure: 'Failed' })
  .registerNode('S47', next('S48'), undefined, { onFailure: 'Failed' })
  .registerNode('S48', batch, { next: 'S49', broken: 'Failed' })
  .registerNode('S49', next('S50'), undefined, { onFailure: 'Failed' })
  .registerNode('S50', next('S51'), undefined, { onFailure: 'Failed' })
  .registerNode('S51', batch, { next: 'S52', broken: 'Failed' })
  .registerNode('S52', next('S53'), undefined, { onFailure: 'Failed' })
  .registerNode('S53', next('S54'), undefined, { onFailure: 'Failed' })
  .registerNode('S54', batch, { next: 'S55', broken: 'Failed' })
  .registerNode('S55', next('S56'), undefined, { onFailure: 'Failed' })
  .registerNode('S56', next('S57'), undefined, { onFailure: 'Failed' })
  .registerNode('S57', batch, { next: 'S58', broken: 'Failed' })
  .registerNode('S58', next('S59'), undefined, { onFailure: 'Failed' })
  .registerNode('S59', next('S60'), undefined, { onFailure: 'Failed' })
  .registerNode('S60', batch, { next: 'S61', broken: 'Failed' })
  .registerNode('S61', next('S62'), undefined, { onFailure: 'Failed' })
  .registerNode('S62', next('S63'), undefined, { onFailure: 'Failed' })
  .registerNode('S63', batch, { next: 'S64', broken: 'Failed' })
  .registerNode('S64', next('S65'), undefined, { onFailure: 'Failed' })
  .registerNode('S65', next('S66'), undefined, { onFailure: 'Failed' })
  .registerNode('S66', batch, { next: 'S67', broken: 'Failed' })
  .registerNode('S67', next('S68'), undefined, { onFailure: 'Failed' })
  .registerNode('S68', next('S69'), undefined, { onFailure: 'Failed' })
  .registerNode('S69', batch, { next: 'S70', broken: 'Failed' })
  .registerNode('S70', next('S71'), undefined, { onFailure: 'Failed' })
  .registerNode('S71', next('S72'), undefined, { onFailure: 'Failed' })
  .registerNode('S72', batch, { next: 'S73', broken: 'Failed' })
  .registerNode('S73', next('S74'), undefined, { onFailure: 'Failed' })
  .registerNode('S74', next('S75'), undefined, { onFailure: 'Failed' })
  .registerNode('S75', batch, { next: 'S76', broken: 'Failed' })
  .registerNode('S76', next('S77'), undefined, { onFailure: 'Failed' })
  .registerNode('S77', next('S78'), undefined, { onFailure: 'Failed' })
  .registerNode('S78', batch, { next: 'S79', broken: 'Failed' })
  .registerNode('S79', next('S80'), undefined, { onFailure: 'Failed' })
  .registerNode('S80', next('S81'), undefined, { onFailure: 'Failed' })
  .registerNode('S81', batch, { next: 'S82', broken: 'Failed' })
  .registerNode('S82', next('S83'), undefined, { onFailure: 'Failed' })
  .registerNode('S83', next('S84'), undefined, { onFailure: 'Failed' })
  .registerNode('S84', batch, { next: 'S85', broken: 'Failed' })
  .registerNode('S85', next('S86'), undefined, { onFailure: 'Failed' })
  .registerNode('S86', next('S87'), undefined, { onFailure: 'Failed' })
  .registerNode('S87', batch, { next: 'S88', broken: 'Failed' })
  .registerNode('S88', next('S89'), undefined, { onFailure: 'Failed' })
  .registerNode('S89', next('S90'), undefined, { onFailure: 'Failed' })
  .registerNode('S90', batch, { next: 'S91', broken: 'Failed' })
  .registerNode('S91', next('S92'), undefined, { onFailure: 'Failed' })
  .registerNode('S92', next('S93'), undefined, { onFailure: 'Failed' })
  .registerNode('S93', batch, { next: 'S94', broken: 'Failed' })
  .registerNode('S94', next('S95'), undefined, { onFailure: 'Failed' })
  .registerNode('S95', next('S96'), undefined, { onFailure: 'Failed' })
  .registerNode('S96', batch, { next: 'S97', broken: 'Failed' })
  .registerNode('S97', next('S98'), undefined, { onFailure: 'Failed' })
  .registerNode('S98', next('S99'), undefined, { onFailure: 'Failed' })
  .addExitStates('Done', 'Failed');
const store = new MemoryStore<Data>();
const engine = createEngine({ services: { clock: Date } });

await chain.orchestrate(store, { engine }); //~ "Error: no node is registered for state 'S99'"
const whole = chain.registerNode('S99', next('Done'));
const { state } = await whole.orchestrate(store, { engine });
expectTypeOf(state).toEqualTypeOf<'Done' | 'Failed'>();
whole.registerNode('S42', batch, { next: 'Done', broken: 'Failed' }); //~ "Error: state 'S42' is registered twice"
