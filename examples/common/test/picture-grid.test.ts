// Pictures: decoded again and compared pixel by pixel.

import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { pictureGrid } from "../src/run/picture-grid.js";

const BETWEEN = 40;

describe("pictureGrid", () => {
  it("puts images in rows, each pixel as a square, with gaps around them", () => {
    // three images of 1×2 pixels in two columns, pixels 2 wide, gap 1
    const png = pictureGrid([0, 1, 0.5, 0.25, -3, 7], {
      columns: 2,
      imageHeight: 1,
      imageWidth: 2,
      scale: 2,
      gap: 1,
    });
    const { width, height, channels, depth, data } = decode(png);
    expect({ width, height, channels, depth }).toEqual({ width: 11, height: 7, channels: 1, depth: 8 });
    const g = BETWEEN;
    const first = [g, 0, 0, 255, 255, g, 128, 128, 64, 64, g];
    const second = [g, 0, 0, 255, 255, g, g, g, g, g, g];
    const between = new Array<number>(11).fill(g);
    const rows = Array.from({ length: 7 }, (_, y) => [...data.subarray(y * 11, (y + 1) * 11)]);
    expect(rows).toEqual([between, first, first, between, second, second, between]);
  });
});
