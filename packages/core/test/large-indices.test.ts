// Whole numbers beyond 2²⁴, which float32 skips: places and classes are found exactly there, or refused.

import {
  ArgumentError,
  arange,
  argMax,
  gather,
  oneHot,
  ShapeError,
  slice,
  tensor,
  useBackend,
  zeros,
} from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const BEYOND = 2 ** 24 + 1;

// the other backends scatter by the code of one of these two, or refuse
describe.each(["reference", "wasm"] as const)("%s", (name) => {
  beforeAll(async () => {
    await useBackend(name);
  });

  afterAll(async () => {
    await useBackend("reference");
  });

  it("writes a one-hot row of more than 2^24 classes", () => {
    const row = oneHot(Int32Array.of(BEYOND), BEYOND + 3);
    expect(row.shape).toEqual([1, BEYOND + 3]);
    const near = slice(row, [null, [BEYOND - 2, BEYOND + 2]]);
    expect([...near.dataSync()]).toEqual([0, 0, 1, 0]);
  });
});

// rows of no elements need no memory
describe("places in float32", () => {
  it("of the largest of more than 2^24 elements are refused", () => {
    const refused = () => argMax(zeros([BEYOND, 0]), { axis: 0 });
    expect(refused).toThrow(ShapeError);
    expect(refused).toThrow("argMax: axis 0 of [16777217,0] is longer than 2^24, beyond which float32 skips indices");
  });

  it("are refused as indices from 2^24 on, where 2^24 + 1 would have become 2^24", () => {
    const indices = tensor([0, BEYOND], { dtype: "float32" });
    const refused = () => gather(zeros([BEYOND + 1, 0]), indices);
    expect(refused).toThrow(ArgumentError);
    expect(refused).toThrow("gather: index 1 is 16777216 in a float32 tensor, which skips whole numbers from 2^24 on");
    expect(() => oneHot(indices, BEYOND + 1)).toThrow("oneHot: index 1 is 16777216 in a float32 tensor");
    expect(gather(zeros([BEYOND + 1, 0]), Int32Array.of(BEYOND)).shape).toEqual([1, 0]);
    expect(gather(arange(4), tensor([3, 0])).dataSync()).toEqual(Float32Array.of(3, 0));
  });
});
