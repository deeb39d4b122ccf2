// What may cross threads, by type.
import { defineExec } from '../../../src/node.ts';

const url = import.meta.url;

class Account {
  balance = 0;
  deposit(amount: number): void {
    this.balance += amount;
  }
}
class Registry extends Map<string, number> {
  total(): number {
    return this.size;
  }
}
class Point {
  readonly x = 0;
  readonly y = 0;
}
type Json = string | number | boolean | null | Json[] | { readonly [key: string]: Json };
interface Tree {
  readonly value: number;
  readonly children: readonly Tree[];
}

// Inputs that are refused.
defineExec(url, { name: 'in', exec: (input: () => void) => 0 });
//~^ "Error: the input of exec cannot cross threads": NotCloneable<"a function">
defineExec(url, { name: 'in', exec: (input: { deep: { items: { cb(): void }[] } }) => 0 });
//~^ "Error: the input of exec cannot cross threads": { deep: { items: { cb: NotCloneable<"a function">; }[]; }; }
defineExec(url, { name: 'in', exec: (input: { cb?: () => void }) => 0 });
//~^ "Error: the input of exec cannot cross threads": { cb?: NotCloneable<"a function">; }
defineExec(url, { name: 'in', exec: (input: (number | (() => void))[]) => 0 });
//~^ "Error: the input of exec cannot cross threads": (number | NotCloneable<"a function">)[]
defineExec(url, { name: 'in', exec: (input: [number, () => void]) => 0 });
//~^ "Error: the input of exec cannot cross threads": [number, NotCloneable<"a function">]
defineExec(url, { name: 'in', exec: (input: Map<string, () => void>) => 0 });
//~^ "Error: the input of exec cannot cross threads": ReadonlyMap<string, NotCloneable<"a function">>
defineExec(url, { name: 'in', exec: (input: Set<() => void>) => 0 });
//~^ "Error: the input of exec cannot cross threads": ReadonlySet<NotCloneable<"a function">>
defineExec(url, { name: 'in', exec: (input: Promise<number>) => 0 });
//~^ "Error: the input of exec cannot cross threads": NotCloneable<"a promise: await it first">
defineExec(url, { name: 'in', exec: (input: symbol) => 0 });
//~^ "Error: the input of exec cannot cross threads": NotCloneable<"a symbol">
defineExec(url, { name: 'in', exec: (input: Buffer) => 0 });
//~^ NotCloneable<"a Buffer arrives as Uint8Array: make one with new Uint8Array(buffer)">
defineExec(url, { name: 'in', exec: (input: readonly Buffer[]) => 0 });
//~^ readonly NotCloneable<"a Buffer arrives as Uint8Array: make one with new Uint8Array(buffer)">[]
defineExec(url, { name: 'in', exec: (input: Account) => 0 });
//~^ "Error: the input of exec cannot cross threads": { balance: number; deposit: NotCloneable<"a function">; }
defineExec(url, { name: 'in', exec: (input: URL) => 0 });
//~^ Error: the input of exec cannot cross threads
defineExec(url, { name: 'in', exec: (input: URLSearchParams) => 0 });
//~^ Error: the input of exec cannot cross threads
defineExec(url, { name: 'in', exec: (input: Registry) => 0 });
//~^ total: NotCloneable<
defineExec(url, { name: 'in', exec: (input: Iterable<number>) => 0 });
//~^ "Error: the input of exec cannot cross threads": { [Symbol.iterator]: NotCloneable<"a function">; }
defineExec(url, { name: 'in', exec: (input: WeakMap<object, number>) => 0 });
//~^ "Error: the input of exec cannot cross threads": NotCloneable<"a weak collection">
defineExec(url, { name: 'in', exec: (input: WeakSet<object>) => 0 });
//~^ "Error: the input of exec cannot cross threads": NotCloneable<"a weak collection">
defineExec(url, { name: 'in', exec: (input: WeakRef<object>) => 0 });
//~^ "Error: the input of exec cannot cross threads": NotCloneable<"a weak collection">
defineExec(url, { name: 'in', exec: (input: any) => 0 });
//~^ "Error: the input of exec cannot cross threads": NotCloneable<"any: say what it is, such as unknown">
defineExec(url, { name: 'in', exec: (input: { rows: { cell: any }[] }) => 0 });
//~^ { rows: { cell: NotCloneable<"any: say what it is, such as unknown">; }[]; }
defineExec(url, { name: 'in', exec: (input: any[]) => 0 });
//~^ "Error: the input of exec cannot cross threads": NotCloneable<"any: say what it is, such as unknown">[]

// Results that are refused.
defineExec(url, { name: 'out', exec: () => () => 1 });
//~^ "Error: the result of exec cannot cross threads": NotCloneable<"a function">
defineExec(url, { name: 'out', exec: () => ({ cb: () => 1 }) });
//~^ "Error: the result of exec cannot cross threads": { cb: NotCloneable<"a function">; }
defineExec(url, { name: 'out', exec: (n: number) => (n > 1 ? 'x' : () => 1) });
//~^ "Error: the result of exec cannot cross threads": "x" | NotCloneable<"a function">
defineExec(url, { name: 'out', exec: async () => [Promise.resolve(1)] });
//~^ "Error: the result of exec cannot cross threads": NotCloneable<"a promise: await it first">[]
defineExec(url, { name: 'out', exec: () => Symbol('x') });
//~^ "Error: the result of exec cannot cross threads": NotCloneable<"a symbol">
defineExec(url, { name: 'out', exec: () => Buffer.from('x') });
//~^ NotCloneable<"a Buffer arrives as Uint8Array: make one with new Uint8Array(buffer)">
defineExec(url, { name: 'out', exec: () => new Account() });
//~^ "Error: the result of exec cannot cross threads": { balance: number; deposit: NotCloneable<"a function">; }
defineExec(url, { name: 'out', exec: () => JSON.parse('1') });
//~^ "Error: the result of exec cannot cross threads": NotCloneable<"any: say what it is, such as unknown">
defineExec(url, { name: 'out', exec: async () => ({ parsed: JSON.parse('1') }) });
//~^ { parsed: NotCloneable<"any: say what it is, such as unknown">; }
defineExec(url, { name: 'out', exec: () => new WeakMap<object, number>() });
//~^ "Error: the result of exec cannot cross threads": NotCloneable<"a weak collection">
defineExec(url, {
  //~^ Error: the result of exec cannot cross threads
  name: 'out',
  exec: async function* () {
    yield 1;
  },
});

// Params that are refused.
defineExec(url, { name: 'params', params: { hash: () => 1 }, exec: () => 1 });
//~^ "Error: the params cannot cross threads": { hash: NotCloneable<"a function">; }
defineExec(url, { name: 'params', params: { parsed: JSON.parse('1') }, exec: () => 1 });
//~^ "Error: the params cannot cross threads": { parsed: NotCloneable<"any: say what it is, such as unknown">; }
defineExec(url, { name: 'params', params: new Account(), exec: () => 1 });
//~^ "Error: the params cannot cross threads": { balance: number; deposit: NotCloneable<"a function">; }

// What may cross.
defineExec(url, { name: 'ok', exec: (input: string | number | bigint | boolean | null | undefined) => input });
defineExec(url, { name: 'ok', exec: (input: readonly string[]) => input });
defineExec(url, { name: 'ok', exec: (input: readonly [string, number?]) => input });
defineExec(url, { name: 'ok', exec: (input: ReadonlyMap<string, readonly number[]>) => input });
defineExec(url, { name: 'ok', exec: (input: Map<string, Map<number, Set<string>>>) => input });
defineExec(url, { name: 'ok', exec: (input: ReadonlySet<Date>) => input });
defineExec(url, { name: 'ok', exec: (input: Date | RegExp | Error | TypeError) => input });
defineExec(url, {
  name: 'ok',
  exec: (input: Uint8Array | Uint32Array | Float32Array | BigInt64Array | DataView) => input,
});
defineExec(url, {
  name: 'ok',
  exec: (input: ArrayBuffer | SharedArrayBuffer | Float64Array<SharedArrayBuffer>) => input,
});
defineExec(url, { name: 'ok', exec: (input: { a?: number | undefined; b: { readonly c: Uint32Array }[] }) => input });
defineExec(url, { name: 'ok', exec: (input: { kind: 'a'; x: number } | { kind: 'b'; y: string }) => input });
defineExec(url, { name: 'ok', exec: (input: Record<string, number>) => input });
defineExec(url, { name: 'ok', exec: (input: string & { readonly brand: 'id' }) => input });
defineExec(url, { name: 'ok', exec: (input: Point) => input });
defineExec(url, { name: 'ok', exec: (input: Json) => input });
defineExec(url, { name: 'ok', exec: (input: Tree) => input });
defineExec(url, { name: 'ok', exec: (input: unknown) => input });
defineExec(url, { name: 'ok', exec: (input: Record<string, unknown>) => input });
defineExec(url, { name: 'ok', exec: () => {} });
defineExec(url, { name: 'ok', exec: async () => {} });
defineExec(url, {
  name: 'ok',
  exec: () => {
    throw new Error('always');
  },
});
