// Curves over iterations as SVG: one panel above the other, all with the same horizontal axis, drawn by ECharts
// without a browser.

import { LineChart, type LineSeriesOption } from "echarts/charts";
import { GridComponent, TitleComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { History, HistoryRow } from "./history.js";
import { movingAverage, thinOut } from "./smoothing.js";

use([LineChart, GridComponent, TitleComponent, SVGRenderer]);

/** One curve of the history. */
export interface Panel<Name extends string> {
  readonly name: Name;
  readonly title: string;
  /** Colour of the curve, readable on light and on dark. */
  readonly color: string;
  /** Whether values are shares from 0 to 1, shown in percent. */
  readonly percent?: boolean;
}

/** Colours of everything but the curves. */
export interface ChartTheme {
  readonly text: string;
  readonly gridLine: string;
  readonly background: string;
}

/** For white paper, and for a page that is shown dark. */
export const CHART_THEMES = {
  light: { text: "#57534e", gridLine: "#e7e5e4", background: "#ffffff" },
  dark: { text: "#b8b2ab", gridLine: "#3f3b38", background: "transparent" },
} as const satisfies Record<string, ChartTheme>;

const WIDTH = 900;
const PANEL_HEIGHT = 150;
const TITLE_HEIGHT = 40;
const AXIS_HEIGHT = 52;
const LEFT = 60;
const RIGHT = 36;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** Below this many rows every point is drawn as a dot, and nothing is smoothed. */
const FEW_ROWS = 30;

/** Draws one panel for each of `panels`: the measured values, and above them their moving average. */
export function renderChart<Name extends string>(
  history: History<Name>,
  panels: readonly Panel<Name>[],
  theme: ChartTheme,
): string {
  const height = panels.length * (TITLE_HEIGHT + PANEL_HEIGHT) + AXIS_HEIGHT;
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: theme.background,
      textStyle: { fontFamily: FONT },
      title: panels.map(({ title, color }, i) => ({
        text: title,
        left: LEFT - 5,
        top: topOf(i) - TITLE_HEIGHT + 8,
        textStyle: { color, fontSize: 15, fontWeight: 600 },
      })),
      grid: panels.map((_, i) => ({ left: LEFT, right: RIGHT, top: topOf(i), height: PANEL_HEIGHT - 14 })),
      xAxis: panels.map((_, i) => iterationAxis(history, i, i === panels.length - 1, theme)),
      yAxis: panels.map((panel, i) => valueAxis(panel, i, theme)),
      series: panels.flatMap((panel, i) => curves(history.rows, panel, i)),
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

function topOf(panel: number): number {
  return panel * (TITLE_HEIGHT + PANEL_HEIGHT) + TITLE_HEIGHT;
}

function iterationAxis(history: History, gridIndex: number, labelled: boolean, theme: ChartTheme): object {
  return {
    type: "value",
    gridIndex,
    min: 0,
    max: history.last?.iteration ?? 1,
    minInterval: 1,
    name: labelled ? "iteration" : "",
    nameLocation: "middle",
    nameGap: 30,
    nameTextStyle: { color: theme.text, fontSize: 13 },
    axisLabel: { show: labelled, color: theme.text, fontSize: 12, hideOverlap: true },
    axisLine: { lineStyle: { color: theme.gridLine } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: theme.gridLine } },
  };
}

function valueAxis({ percent = false }: Panel<string>, gridIndex: number, theme: ChartTheme): object {
  return {
    type: "value",
    gridIndex,
    // a loss is read from 0; a share from the ten percent that it comes down to
    min: percent ? ({ min }: { min: number }) => Math.min(0.9, Math.floor(min * 10) / 10) : 0,
    ...(percent ? { max: 1 } : {}),
    splitNumber: 4,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: {
      color: theme.text,
      fontSize: 12,
      formatter: (value: number) => (percent ? `${Math.round(value * 100)} %` : String(value)),
    },
    splitLine: { lineStyle: { color: theme.gridLine } },
  };
}

function curves<Name extends string>(
  rows: readonly HistoryRow<Name>[],
  { name, color }: Panel<Name>,
  index: number,
): LineSeriesOption[] {
  const points = rows.map((row): [number, number] => [row.iteration, row[name]]);
  const few = points.length < FEW_ROWS;
  const base: LineSeriesOption = { type: "line", xAxisIndex: index, yAxisIndex: index, silent: true, symbol: "none" };
  const line = (width: number, opacity: number) => ({ color, width, opacity });
  if (few) {
    const dots = { symbol: "circle", symbolSize: 5, itemStyle: { color } };
    return [{ ...base, ...dots, data: points, lineStyle: line(2, 1) }];
  }
  const smooth = movingAverage(points, Math.ceil(points.length / 40));
  return [
    { ...base, data: thinOut(points), lineStyle: line(1, 0.35) },
    { ...base, data: thinOut(smooth), lineStyle: line(2, 1) },
  ];
}
