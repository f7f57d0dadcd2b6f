// Long noisy curves made fit to be drawn: a moving average, and fewer points that look the same.

/** Iteration and value. */
export type Point = [number, number];

/** The mean of each point and its neighbours, `radius` on either side, fewer at the ends. */
export function movingAverage(points: readonly Point[], radius: number): Point[] {
  const sums = [0];
  for (const [, value] of points) sums.push((sums.at(-1) ?? 0) + value);
  return points.map(([iteration], i) => {
    const from = Math.max(0, i - radius);
    const to = Math.min(points.length, i + radius + 1);
    return [iteration, ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from)];
  });
}

/** At most about `limit` of the points: of each stretch the lowest and the highest, and the first and last of all. */
export function thinOut(points: readonly Point[], limit = 800): Point[] {
  if (points.length <= limit) return [...points];
  const stretch = Math.ceil((2 * points.length) / limit);
  const kept = new Set<number>([0, points.length - 1]);
  for (let start = 0; start < points.length; start += stretch) {
    let [lowest, highest] = [start, start];
    for (let i = start; i < Math.min(points.length, start + stretch); i++) {
      if (valueAt(points, i) < valueAt(points, lowest)) lowest = i;
      if (valueAt(points, i) > valueAt(points, highest)) highest = i;
    }
    kept.add(lowest).add(highest);
  }
  return points.filter((_, i) => kept.has(i));
}

function valueAt(points: readonly Point[], i: number): number {
  return points[i]?.[1] ?? Number.NaN;
}
