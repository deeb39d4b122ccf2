/** Thread file of Piscina and Tinypool, which take an exported function by its name. */
export * from './functions.ts';
export { rendezvous } from './rendezvous.ts';
