/** Contenders of the rows on workflows: engines that go through states on the main thread. */
export interface WorkflowEngine {
  readonly name: string;
  readonly configuration: string;
  /**
   * Prepares a chain of states that each add 1 to a number kept by the engine.
   *
   * @returns goes through the whole chain once, from 0, and resolves to the number: the length of the chain
   */
  chain(length: number): () => Promise<number>;
}
