import { describe, expect, it } from "vitest";
import type { MatmulSpec } from "../backend.js";
import { chooseTile, extentAcross, extentDown, groupsOf, ON_GPU, ON_PROCESSOR } from "./product-tiles.js";

/** What every device of WebGPU has. */
const [SHARED_BYTES, THREADS] = [16384, 256];

const plain = { batch: 1, transposeA: false, transposeB: false, sharedA: false, sharedB: false };

function specOf(m: number, k: number, n: number, batch = 1): MatmulSpec {
  return { ...plain, batch, m, k, n };
}

describe("the tiles of a product", () => {
  const all = [ON_GPU, ON_PROCESSOR].flatMap(({ square, tall, wide }) => [...square, tall, wide]);

  it.each(all)("fit into every device: %o", (tile) => {
    const bytes = (extentAcross(tile) + extentDown(tile)) * tile.depth * Float32Array.BYTES_PER_ELEMENT;
    expect(bytes).toBeLessThanOrEqual(SHARED_BYTES);
    expect(tile.across * tile.down).toBeLessThanOrEqual(THREADS);
    // vectors of four rows, and slices whose vectors can change places two by two
    expect(tile.rows % 4).toBe(0);
    expect([0, 4, 8, 16, 32]).toContain(tile.depth);
  });

  it("are large on a GPU where there is enough to do, and small where there is not", () => {
    expect(chooseTile(specOf(4096, 4096, 4096), false)).toBe(ON_GPU.square[0]);
    expect(chooseTile(specOf(2048, 2048, 2048), false)).toBe(ON_GPU.square[0]);
    expect(chooseTile(specOf(1920, 2048, 2048), false)).toBe(ON_GPU.square[1]);
    expect(chooseTile(specOf(512, 512, 512), false)).toBe(ON_GPU.square[1]);
    expect(chooseTile(specOf(128, 784, 128), false)).toBe(ON_GPU.square[2]);
  });

  it("are large on a processor from a few groups on, unless compiling would take longer than it saves", () => {
    expect(chooseTile(specOf(128, 784, 128), true)).toBe(ON_PROCESSOR.square[0]);
    expect(chooseTile(specOf(128, 100, 128), true)).toBe(ON_PROCESSOR.square[1]);
    expect(chooseTile(specOf(8, 100, 8), true)).toBe(ON_PROCESSOR.square[2]);
  });

  it("do not reach far beyond a result of few columns", () => {
    expect(chooseTile(specOf(60_000, 100, 10), false)).toBe(ON_GPU.square[2]);
    expect(chooseTile(specOf(60_000, 100, 4), false)).toBe(ON_GPU.tall);
    expect(chooseTile(specOf(1, 100, 60_000), false)).toBe(ON_GPU.wide);
  });

  it("cover the result with every member of the batch", () => {
    const tile = { rows: 4, vectors: 2, across: 2, down: 3, depth: 0 };
    expect(groupsOf(specOf(25, 1, 33, 5), tile)).toEqual([3, 3, 5]);
  });
});
