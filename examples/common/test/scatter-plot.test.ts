// A plot of points: each where it belongs, in its colour, between axes that say what it measures.

import { describe, expect, it } from "vitest";
import { scatterPlot } from "../src/index.js";

const axes = ["first", "second"] as const;

/** Every dot as [colour, x, y]. */
function dotsOf(svg: string): [string, number, number][] {
  return [...svg.matchAll(/<path stroke="(#\w+)" d="([^"]*)"/g)].flatMap(([, color = "", path = ""]) =>
    [...path.matchAll(/M([\d.-]+) ([\d.-]+)h0/g)].map(([, x, y]): [string, number, number] => [
      color,
      Number(x),
      Number(y),
    ]),
  );
}

/** The texts with their places. */
function textsOf(svg: string): { x: number; y: number; text: string }[] {
  return [...svg.matchAll(/<text x="([\d.-]+)" y="([\d.-]+)"[^>]*>([^<]*)</g)].map(([, x, y, text = ""]) => {
    return { x: Number(x), y: Number(y), text };
  });
}

describe("scatterPlot", () => {
  it("puts each point at its place on axes that are marked, in its class's colour", () => {
    const svg = scatterPlot([-2, -10, 0, 0, 2, 10], { classes: [0, 3, 0], axes });
    const [first, second, third] = dotsOf(svg).sort(([, a], [, b]) => a - b);
    expect(first?.[0]).toBe(third?.[0]);
    expect(first?.[0]).not.toBe(second?.[0]);
    const texts = textsOf(svg);
    const at = (text: string) => texts.filter((each) => each.text === text);
    // the marks at 2 and at 10 lie where the last point does, upwards and to the right
    expect(at("2").some(({ x }) => Math.abs(x - (third?.[1] ?? 0)) < 0.2)).toBe(true);
    expect(at("10").some(({ y }) => Math.abs(y - 5 - (third?.[2] ?? 0)) < 0.2)).toBe(true);
    expect((first?.[2] ?? 0) > (third?.[2] ?? 0)).toBe(true);
    expect([...svg.matchAll(/>(first|second)</g)]).toHaveLength(2);
  });

  it("has a legend of the classes that there are, and none without classes", () => {
    const svg = scatterPlot([0, 0, 1, 1, 2, 2], { classes: [7, 2, 7], axes });
    const entries = [...svg.matchAll(/fill="(#\w+)"\/><text [^>]*>(\d)</g)].map(([, color, name]) => [color, name]);
    expect(entries.map(([, name]) => name)).toEqual(["2", "7"]);
    expect(
      dotsOf(svg)
        .map(([color]) => color)
        .sort(),
    ).toEqual([entries[1]?.[0], entries[0]?.[0], entries[1]?.[0]].sort());
    expect(scatterPlot([0, 0, 1, 1], { axes })).not.toContain("<circle");
  });

  it.each([
    ["no point", []],
    ["one point", [3, 4]],
    ["points that lie on each other", [3, 4, 3, 4]],
  ])("draws %s", (_, points) => {
    const svg = scatterPlot(points, { axes });
    expect(dotsOf(svg)).toHaveLength(points.length / 2);
    expect(svg).not.toContain("NaN");
  });
});
