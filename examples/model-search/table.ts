/** Tables of numbers, and the first of them: a function with known noise. */

/** Rows of features with a target. */
export interface Table {
  /** Where it is from, for people. */
  readonly name: string;
  /** Names of the features. */
  readonly features: readonly string[];
  /** Name of the target. */
  readonly target: string;
  /** rows × features, row after row; NaN is a missing value. */
  readonly matrix: Float64Array<ArrayBuffer>;
  /** The target of each row. */
  readonly values: Float64Array<ArrayBuffer>;
}
