/**
 * From dashboards as data to Grafana's JSON (the classic model, schema 42, which Grafana 10 and later read).
 *
 * B1 The same data gives the same text: ids are numbered by position, keys are in the order of the SDK, nothing is of the clock.
 */
import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import type { AnnotationSpec, DashboardSpec, PanelSpec, Threshold, VariableName } from './spec.ts';

const SOURCE = { type: 'prometheus', uid: '${datasource}' };
const DEFAULT_HEIGHT = { stat: 4, lines: 8, area: 8, bars: 8, heat: 8, lanes: 8 } as const;

/** What a variable lists; `job` and `instance` narrow down what comes after them. */
const VARIABLES: Readonly<Record<'job' | 'instance' | VariableName, string>> = {
  job: 'label_values(cano_build_info, job)',
  instance: 'label_values(cano_build_info{job=~"$job"}, instance)',
  workflow: 'label_values(cano_workflow_runs_total{job=~"$job",instance=~"$instance"}, workflow)',
  node: 'label_values(cano_node_visits_total{job=~"$job",instance=~"$instance",workflow=~"$workflow"}, node)',
  pool: 'label_values(cano_pool_threads_max{job=~"$job",instance=~"$instance"}, pool)',
  schedule: 'label_values(cano_scheduler_fires_total{job=~"$job",instance=~"$instance"}, schedule)',
};

/** The JSON of a dashboard, as text. */
export function dashboardJson(spec: DashboardSpec): string {
  const { uid, title, about, variables, annotations = [], rows } = spec;
  const builder = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(about)
    .tags(['cano'])
    .readonly()
    .refresh('10s')
    .time({ from: 'now-30m', to: 'now' })
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .link(
      new dashboard.DashboardLinkBuilder('cano')
        .type(dashboard.DashboardLinkType.Dashboards)
        .icon('external link')
        .tags(['cano'])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    )
    .withVariable(
      new dashboard.DatasourceVariableBuilder('datasource')
        .label('Data source')
        .type('prometheus')
        .current({ text: 'cano', value: 'cano-prometheus', selected: true }),
    );
  for (const name of ['job', 'instance', ...variables] as const) builder.withVariable(variable(name));
  for (const annotation of annotations) builder.annotation(annotated(annotation));
  let id = 0;
  for (const row of rows) {
    id += 1;
    builder.withRow(new dashboard.RowBuilder(row.title).id(id));
    for (const panel of row.panels) {
      id += 1;
      builder.withPanel(panelOf(panel).id(id));
    }
  }
  return `${JSON.stringify(builder.build(), undefined, 2)}\n`;
}

function variable(name: keyof typeof VARIABLES): dashboard.QueryVariableBuilder {
  return (
    new dashboard.QueryVariableBuilder(name)
      .label(name)
      .datasource(SOURCE)
      // As its editor writes it; 1 stands for label_values.
      .query({ qryType: 1, query: VARIABLES[name], refId: 'PrometheusVariableQueryEditor-VariableQuery' })
      .definition(VARIABLES[name])
      .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
      .sort(dashboard.VariableSort.AlphabeticalAsc)
      .multi(true)
      .includeAll(true)
      .allValue('.+')
      .current({ text: ['All'], value: ['$__all'], selected: true })
  );
}

function annotated({ name, expr, text, color }: AnnotationSpec): dashboard.AnnotationQueryBuilder {
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(SOURCE)
    .enable(true)
    .iconColor(color)
    .expr(expr)
    .step('15s')
    .titleFormat(name)
    .textFormat(text);
}

type Panel =
  | timeseries.PanelBuilder
  | stat.PanelBuilder
  | bargauge.PanelBuilder
  | heatmap.PanelBuilder
  | statetimeline.PanelBuilder;

function panelOf(spec: PanelSpec): Panel {
  const panel = kindOf(spec);
  const {
    kind,
    title,
    about,
    unit,
    queries,
    width,
    height,
    max,
    decimals,
    thresholds,
    colors = {},
    bounds,
    right,
  } = spec;
  panel
    .title(title)
    .description(about)
    .datasource(SOURCE)
    .unit(unit)
    .span(width)
    .height(height ?? DEFAULT_HEIGHT[kind])
    .min(0);
  if (max !== undefined) panel.max(max);
  if (decimals !== undefined) panel.decimals(decimals);
  if (thresholds !== undefined) panel.thresholds(stepsOf(thresholds));
  else if (kind === 'stat' || kind === 'bars') panel.thresholds(stepsOf([[null, 'blue']]));
  queries.forEach(({ expr, legend }, at) => {
    const query = new prometheus.DataqueryBuilder()
      .refId(String.fromCodePoint(65 + at))
      .expr(expr)
      .datasource(SOURCE);
    if (legend !== undefined) query.legendFormat(legend);
    if (kind === 'heat') query.format(prometheus.PromQueryFormat.Heatmap);
    if (kind === 'bars') query.instant();
    else query.range();
    panel.withTarget(query);
  });
  for (const [name, color] of Object.entries(colors)) {
    panel.overrideByRegexp(`^${name}$`, [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }]);
  }
  if (bounds !== undefined) {
    panel.overrideByRegexp(`^${bounds}$`, [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [6, 6] } },
      { id: 'custom.fillOpacity', value: 0 },
    ]);
  }
  if (right !== undefined) {
    panel.overrideByRegexp(`^${right.match}.*$`, [
      { id: 'custom.axisPlacement', value: 'right' },
      { id: 'custom.fillOpacity', value: 0 },
      { id: 'unit', value: right.unit },
      // A bound of the left axis is none of the right.
      { id: 'max' },
    ]);
  }
  return panel;
}

function kindOf({ kind, width }: PanelSpec): Panel {
  switch (kind) {
    case 'stat':
      return new stat.PanelBuilder()
        .reduceOptions(lastValue())
        .graphMode(common.BigValueGraphMode.Area)
        .colorMode(common.BigValueColorMode.Value);
    case 'bars':
      return new bargauge.PanelBuilder()
        .reduceOptions(lastValue())
        .orientation(common.VizOrientation.Horizontal)
        .displayMode(common.BarGaugeDisplayMode.Basic)
        .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds));
    case 'heat':
      return new heatmap.PanelBuilder()
        .yAxis(new heatmap.YAxisConfigBuilder().unit('s'))
        .color(
          new heatmap.HeatmapColorOptionsBuilder()
            .mode(heatmap.HeatmapColorMode.Scheme)
            .scheme('Oranges')
            .steps(64)
            .exponent(0.5),
        );
    case 'lanes':
      return new statetimeline.PanelBuilder()
        .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds))
        .mergeValues(false)
        .showValue(common.VisibilityMode.Never)
        .rowHeight(0.8)
        .lineWidth(0)
        .fillOpacity(90)
        .legend(new common.VizLegendOptionsBuilder().showLegend(true).displayMode(common.LegendDisplayMode.List));
    case 'lines':
    case 'area':
      return lines(kind === 'area', width);
    default:
      return kind satisfies never;
  }
}

function lines(isStacked: boolean, width: number): timeseries.PanelBuilder {
  const panel = new timeseries.PanelBuilder()
    // A stacked series of zeros would still draw its line, on top of all others.
    .lineWidth(isStacked ? 0 : 1)
    .fillOpacity(isStacked ? 60 : 10)
    .showPoints(common.VisibilityMode.Never)
    .spanNulls(false)
    .tooltip(
      new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi).sort(common.SortOrder.Descending),
    )
    .legend(legendOf(width));
  return isStacked ? panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal)) : panel;
}

function lastValue(): common.ReduceDataOptionsBuilder {
  return new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false);
}

function stepsOf(thresholds: readonly Threshold[]): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(thresholds.map(([value, color]) => ({ value, color })));
}

/** A table where there is room for it. */
function legendOf(width: number): common.VizLegendOptionsBuilder {
  const legend = new common.VizLegendOptionsBuilder().showLegend(true);
  return width >= 12
    ? legend.displayMode(common.LegendDisplayMode.Table).placement(common.LegendPlacement.Right).calcs(['mean', 'max'])
    : legend.displayMode(common.LegendDisplayMode.List).placement(common.LegendPlacement.Bottom);
}
