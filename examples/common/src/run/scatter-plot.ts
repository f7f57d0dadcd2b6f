// Points in a plane, coloured by class, as SVG: thousands of them, so that each colour is a few paths of dots.

/** What a plot is made of. */
export interface ScatterOptions {
  /** The class of each point, 0 to 9; one colour for all where absent. */
  readonly classes?: ArrayLike<number> | undefined;
  /** What the axes measure. */
  readonly axes: readonly [horizontal: string, vertical: string];
}

/** Ten colours that can be told apart on white: those of D3's and Matplotlib's category10. */
const COLORS = [
  "#1f77b4",
  "#ff7f0e",
  "#2ca02c",
  "#d62728",
  "#9467bd",
  "#8c564b",
  "#e377c2",
  "#7f7f7f",
  "#bcbd22",
  "#17becf",
] as const;

const SIDE = 720;
const LEFT = 62;
const TOP = 20;
const BOTTOM = 56;
const LEGEND = 66;
const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
/** Classes are drawn in turns, so that the last does not hide the others. */
const TURNS = 20;
const TICKS = 8;

/**
 * Draws points with axes and, where there are classes, a legend.
 *
 * @param points [count, 2], row-major
 */
export function scatterPlot(points: ArrayLike<number>, { classes, axes }: ScatterOptions): string {
  const [x, y] = [axisOf(points, 0, LEFT, LEFT + SIDE), axisOf(points, 1, TOP + SIDE, TOP)];
  const [width, height] = [LEFT + SIDE + LEGEND, TOP + SIDE + BOTTOM];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="${FONT}">
<rect width="${width}" height="${height}" fill="#ffffff"/>
<g stroke="#e7e5e4">${gridLines(x, y)}</g>
<g fill="#57534e" font-size="14">${labels(x, y, axes)}</g>
<g fill="none" stroke-width="3.2" stroke-linecap="round" stroke-opacity="0.75">
${dots(points, classes, x, y)}
</g>
${classes ? legend(classes) : ""}</svg>
`;
}

/** One axis: where values lie on the paper, and which of them are marked. */
interface Axis {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
  readonly digits: number;
}

function axisOf(points: ArrayLike<number>, column: number, from: number, to: number): Axis {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = column; i < points.length; i += 2) {
    low = Math.min(low, points[i] as number);
    high = Math.max(high, points[i] as number);
  }
  if (!(high > low)) [low, high] = Number.isFinite(low) ? [low - 1, low + 1] : [-1, 1];
  const margin = 0.03 * (high - low);
  [low, high] = [low - margin, high + margin];
  const step = tickStep((high - low) / TICKS);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return {
    place: (value) => from + ((value - low) / (high - low)) * (to - from),
    ticks: Array.from({ length: count }, (_, i) => (first + i) * step),
    digits: Math.max(0, -Math.floor(Math.log10(step))),
  };
}

/** 1, 2 or 5 times a power of ten, about as large as `size`. */
function tickStep(size: number): number {
  const power = 10 ** Math.floor(Math.log10(size));
  return power * ([1, 2, 5].find((factor) => factor * power >= size) ?? 10);
}

function gridLines(x: Axis, y: Axis): string {
  const vertical = x.ticks.map((tick) => `M${fixed(x.place(tick))} ${TOP}v${SIDE}`);
  const horizontal = y.ticks.map((tick) => `M${LEFT} ${fixed(y.place(tick))}h${SIDE}`);
  return `<path d="${[...vertical, ...horizontal].join("")}"/>`;
}

function labels(x: Axis, y: Axis, [horizontal, vertical]: ScatterOptions["axes"]): string {
  const [middleX, middleY] = [LEFT + SIDE / 2, TOP + SIDE / 2];
  const text = (at: string, content: string) => `<text ${at}>${content}</text>`;
  return [
    ...x.ticks.map((tick) =>
      text(`x="${fixed(x.place(tick))}" y="${TOP + SIDE + 20}" text-anchor="middle"`, tick.toFixed(x.digits)),
    ),
    ...y.ticks.map((tick) =>
      text(`x="${LEFT - 8}" y="${fixed(y.place(tick) + 5)}" text-anchor="end"`, tick.toFixed(y.digits)),
    ),
    text(`x="${middleX}" y="${TOP + SIDE + 46}" text-anchor="middle"`, horizontal),
    text(`transform="translate(16 ${middleY}) rotate(-90)" text-anchor="middle"`, vertical),
  ].join("");
}

/** A path for each class and turn; a dot is a line of no length with round ends. */
function dots(points: ArrayLike<number>, classes: ScatterOptions["classes"], x: Axis, y: Axis): string {
  const paths = new Map<string, string>();
  for (let i = 0; i < points.length / 2; i++) {
    const turn = Math.floor((i * 2 * TURNS) / points.length);
    const key = `${turn} ${classes?.[i] ?? 0}`;
    const [horizontal, vertical] = [points[2 * i] as number, points[2 * i + 1] as number];
    paths.set(key, `${paths.get(key) ?? ""}M${fixed(x.place(horizontal))} ${fixed(y.place(vertical))}h0`);
  }
  return [...paths]
    .map(([key, path]) => `<path stroke="${colorOf(Number(key.split(" ")[1]))}" d="${path}"/>`)
    .join("\n");
}

function legend(classes: ArrayLike<number>): string {
  const present = [...new Set(Array.from(classes))].sort((a, b) => a - b);
  const entries = present.map((name, i) => {
    const [left, top] = [LEFT + SIDE + 24, TOP + 18 + 28 * i];
    return `<circle cx="${left}" cy="${top}" r="6" fill="${colorOf(name)}"/><text x="${left + 14}" y="${top + 5}">${name}</text>`;
  });
  return `<g fill="#57534e" font-size="16">${entries.join("")}</g>\n`;
}

function colorOf(name: number): string {
  return COLORS[name % COLORS.length] as string;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
