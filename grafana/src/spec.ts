/** Dashboards as data: what this project decides. How Grafana spells it is in build.ts. */

/** How a panel draws: `area` is stacked, `lanes` is one coloured lane per series. */
export type PanelKind = 'stat' | 'lines' | 'area' | 'bars' | 'heat' | 'lanes';

export interface QuerySpec {
  readonly expr: string;
  /** With `{{label}}`; a stat needs none. */
  readonly legend?: string;
}

/** From which value on which colour; the first has no value. */
export type Threshold = readonly [from: number | null, color: string];

export interface PanelSpec {
  readonly kind: PanelKind;
  readonly title: string;
  /** What the figures mean, and what to do about them. */
  readonly about: string;
  /** Grafana's name of the unit: `s`, `bytes`, `percentunit`, `short`, … */
  readonly unit: string;
  readonly queries: readonly QuerySpec[];
  /** Columns of 24. */
  readonly width: number;
  readonly height?: number;
  readonly max?: number;
  readonly decimals?: number;
  readonly thresholds?: readonly Threshold[];
  /** Colours by meaning: a regular expression of the series' name, and its colour. */
  readonly colors?: Readonly<Record<string, string>>;
  /** Series that are bounds: dashed, without filling. */
  readonly bounds?: string;
  /** Series with the axis on the right, and its unit. */
  readonly right?: { readonly match: string; readonly unit: string };
}

export interface RowSpec {
  readonly title: string;
  readonly panels: readonly PanelSpec[];
}

export type VariableName = 'workflow' | 'node' | 'pool' | 'schedule';

export interface AnnotationSpec {
  readonly name: string;
  readonly expr: string;
  readonly text: string;
  readonly color: string;
}

export interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  /** Besides the data source, job and instance. */
  readonly variables: readonly VariableName[];
  readonly annotations?: readonly AnnotationSpec[];
  readonly rows: readonly RowSpec[];
}

const GREEN = 'green';
const RED = 'red';
const ORANGE = 'orange';
const GREY = '#8e8e8e';

/** Good things green, bad ones red, what somebody wanted grey, what took too long orange. */
export const BY_STATUS: Readonly<Record<string, string>> = {
  completed: GREEN,
  ok: GREEN,
  failed: RED,
  error: RED,
  crash: 'dark-purple',
  cancelled: GREY,
  timed_out: ORANGE,
  timeout: ORANGE,
};

export const BY_PHASE: Readonly<Record<string, string>> = {
  exec: GREEN,
  queue: ORANGE,
  clone: 'purple',
  return: 'light-purple',
  prep: 'blue',
  post: 'light-blue',
  backoff: RED,
};

/** Of a share where more is worse, such as a busy main loop. */
export const BUSY: readonly Threshold[] = [
  [null, GREEN],
  [0.7, ORANGE],
  [0.9, RED],
];
