// The history as CSV, and what is made of it for the chart.

import { describe, expect, it } from "vitest";
import { CHART_THEMES, renderChart } from "../src/run/chart.js";
import { History } from "../src/run/history.js";
import { movingAverage, type Point, thinOut } from "../src/run/smoothing.js";

describe("History", () => {
  it("writes a header and a row for each reading, with every digit", () => {
    const history = new History(["loss", "accuracy"]);
    expect(history.toCsv()).toBe("iteration,loss,accuracy\n");
    history.add({ iteration: 10, loss: Math.fround(0.1), accuracy: 1 });
    history.add({ iteration: 20, accuracy: 0.5, loss: 1e-9 });
    expect(history.toCsv()).toBe("iteration,loss,accuracy\n10,0.10000000149011612,1\n20,1e-9,0.5\n");
    expect(history.last).toEqual({ iteration: 20, loss: 1e-9, accuracy: 0.5 });
  });
});

describe("movingAverage", () => {
  it("is the mean of the neighbours, of fewer at the ends", () => {
    const points: Point[] = [
      [1, 0],
      [2, 3],
      [3, 6],
      [4, 30],
    ];
    expect(movingAverage(points, 1)).toEqual([
      [1, 1.5],
      [2, 3],
      [3, 13],
      [4, 18],
    ]);
  });
});

describe("thinOut", () => {
  it("keeps extremes, the first and the last", () => {
    const points = Array.from({ length: 10_000 }, (_, i): Point => [i, i === 5003 ? 99 : Math.sin(i)]);
    const thin = thinOut(points, 100);
    expect(thin.length).toBeLessThanOrEqual(104);
    expect(thin).toContainEqual([5003, 99]);
    expect(thin[0]).toEqual(points[0]);
    expect(thin.at(-1)).toEqual(points.at(-1));
    expect(thin.map(([x]) => x)).toEqual(thin.map(([x]) => x).sort((a, b) => a - b));
  });

  it("leaves few points alone", () => {
    expect(
      thinOut([
        [1, 2],
        [3, 4],
      ]),
    ).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
});

describe("renderChart", () => {
  const panels = [
    { name: "loss", title: "A loss", color: "#123456" },
    { name: "accuracy", title: "An accuracy", color: "#654321", percent: true },
  ] as const;

  it.each([0, 1, 2, 29, 30, 5000])("draws every panel with %d rows", (rows) => {
    const history = new History(["loss", "accuracy"]);
    for (let i = 1; i <= rows; i++) history.add({ iteration: i, loss: 1 / i, accuracy: 1 - 0.3 / i });
    const svg = renderChart(history, panels, CHART_THEMES.light);
    expect(svg).toMatch(/^<svg /);
    for (const text of ["A loss", "An accuracy", "iteration", ...(rows > 0 ? ["100 %"] : [])])
      expect(svg).toContain(`>${text}</text>`);
    expect(svg).not.toContain("NaN");
    const strokes = svg.match(/<path[^>]*stroke="#123456"[^>]*>/g) ?? [];
    if (rows >= 30) expect(strokes).toHaveLength(2);
    if (rows === 5000) expect(svg.length).toBeLessThan(100_000);
  });
});
