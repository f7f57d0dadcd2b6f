// Tensors as text: the very characters that NumPy prints (fixtures/printing.json), a head with shape and element type,
// and what stands there where the values cannot be shown.

import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { type DType, type Shape, scope, type Tensor, tensor, useBackend, withBackend, zeros } from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StrictBackend } from "./support/strict-backend.js";

interface Pattern {
  readonly multiplier: number;
  readonly modulus: number;
  readonly divisor: number;
  readonly offset: number;
}

interface PrintedArray {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly values?: readonly (number | "nan" | "inf" | "-inf" | "-0")[];
  readonly pattern?: Pattern;
  readonly text: string;
}

const fixture: { numpy: string; arrays: readonly PrintedArray[] } = JSON.parse(
  readFileSync(new URL("fixtures/printing.json", import.meta.url), "utf8"),
);

const names = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity, "-0": -0 } as const;

function build({ dtype, shape, values, pattern }: PrintedArray): Tensor {
  const numbers = values?.map((x) => (typeof x === "number" ? x : names[x])) ?? [];
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (pattern) for (let i = 0; i < size; i++) numbers.push(patternValue(pattern, i));
  return tensor(Float64Array.from(numbers), { shape, dtype });
}

function patternValue({ multiplier, modulus, divisor, offset }: Pattern, i: number): number {
  return (((i * multiplier) % modulus) - offset) / divisor;
}

/** What stands below the head. */
function valuesOf(x: Tensor): string {
  const text = x.toString();
  return text.slice(text.indexOf("\n") + 1);
}

beforeAll(async () => {
  await useBackend("reference");
});

afterAll(async () => {
  await useBackend("reference");
});

describe(`toString, against NumPy ${fixture.numpy}`, () => {
  const groups: [string, (array: PrintedArray) => boolean][] = [
    ["scalars", ({ shape }) => shape.length === 0],
    ["vectors", ({ shape, values }) => shape.length === 1 && values !== undefined],
    ["matrices and more axes", ({ shape, values }) => shape.length > 1 && values !== undefined],
    ["arrays large enough to be summarised", ({ pattern }) => pattern !== undefined],
  ];
  for (const dtype of ["float32", "float64"] as const) {
    it.each(groups)(`prints the same ${dtype} %s`, (_, belongs) => {
      const arrays = fixture.arrays.filter((array) => array.dtype === dtype && belongs(array));
      expect(arrays.length).toBeGreaterThan(10);
      const printed = arrays.map((array) => valuesOf(build(array)));
      expect(printed).toEqual(arrays.map(({ text }) => text));
    });
  }
});

describe("the head of a printed tensor", () => {
  it("names the shape and the element type", () => {
    expect(tensor([[1, 2.5, 3]]).toString()).toBe("Tensor [1,3] float32\n[[1.  2.5 3. ]]");
    expect(tensor(7, { dtype: "float64" }).toString()).toBe("Tensor [] float64\n7.0");
  });

  it("is what console.log shows, also inside of other objects", () => {
    const x = tensor([1, -2]);
    expect(inspect(x)).toBe("Tensor [2] float32\n[ 1. -2.]");
    expect(inspect({ loss: x })).toContain("Tensor [2] float32\n");
    expect(`${x}`).toBe(x.toString());
  });

  it("says that a tensor was released, and does not throw", () => {
    let kept: Tensor | undefined;
    scope(() => {
      kept = zeros([2, 3]);
    });
    expect(kept?.toString()).toBe("Tensor [2,3] float32 (released)");
    const disposed = tensor([1]);
    disposed.dispose();
    expect(inspect(disposed)).toBe("Tensor [1] float32 (released)");
  });

  it("says how to see the values of a tensor on an asynchronous backend", () => {
    const backend = new StrictBackend({ name: "far away", synchronous: false, dtype: "float32" });
    const x = withBackend(backend, () => zeros([4]));
    expect(x.toString()).toBe("Tensor [4] float32 on far away (await data() to see the values)");
  });
});
