// New tensors: from values, of one value, in steps, and at random.

import {
  arange,
  full,
  linspace,
  ones,
  onesLike,
  Random,
  ReferenceBackend,
  randomNormal,
  randomUniform,
  reshape,
  tensor,
  withBackend,
  zeros,
  zerosLike,
} from "@adjoint/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrays, numbers, shapes } from "../support/arbitraries.js";
import { expectTensor, inFloat64, read, rows } from "../support/expectations.js";
import { runs } from "../support/runs.js";

describe("tensor", () => {
  it("takes its shape from the nesting", () => {
    const x = tensor([
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    ]);
    expect(x.shape).toEqual([1, 3, 2]);
    expect([...x.dataSync()]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(tensor(7).shape).toEqual([]);
    expect(tensor([]).shape).toEqual([0]);
    expect(tensor([[], []]).shape).toEqual([2, 0]);
  });

  it("unrolls nested arrays of any shape in row-major order", () => {
    type Nested = number | Nested[];
    const nest = (shape: readonly number[], data: number[]): Nested =>
      shape.length === 0
        ? (data.shift() ?? 0)
        : Array.from({ length: shape[0] ?? 0 }, () => nest(shape.slice(1), data));
    const property = fc.property(
      shapes().chain((shape) => arrays(shape, numbers(-9, 9))),
      ({ shape, data }) => {
        const x = inFloat64(() => tensor(nest(shape, [...data])));
        expect(read(x)).toEqual({ shape, data });
      },
    );
    fc.assert(property, runs());
  });

  it.each([
    Float32Array.of(1, 2, 250),
    Float64Array.of(1, 2, 250),
    Uint8Array.of(1, 2, 250),
    Uint8ClampedArray.of(1, 2, 250),
    Int16Array.of(1, 2, 250),
    Uint16Array.of(1, 2, 250),
    Int32Array.of(1, 2, 250),
    Uint32Array.of(1, 2, 250),
  ])("copies the numbers of a $constructor.name", (values) => {
    const x = tensor(values);
    values[0] = 9;
    expect(x.shape).toEqual([3]);
    expect([...x.dataSync()]).toEqual([1, 2, 250]);
    expect(tensor(values, { shape: [3, 1] }).shape).toEqual([3, 1]);
  });

  it("is of the backend's element type, or of the one asked for", () => {
    expect(tensor([1]).dtype).toBe("float32");
    expect(tensor(Float64Array.of(1)).dtype).toBe("float32");
    expect(inFloat64(() => tensor([1])).dtype).toBe("float64");
    // 0.1 in float32 is another number
    expect(tensor(0.1).itemSync()).toBe(Math.fround(0.1));
    withBackend(new ReferenceBackend(), () => {
      expect([tensor(0.1), ones([1])].map(({ dtype }) => dtype)).toEqual(["float32", "float32"]);
      expect(ones([1], { dtype: "float64" }).dtype).toBe("float64");
      expect(tensor(0.1, { dtype: "float64" }).itemSync()).toBe(0.1);
    });
  });

  it("requires a gradient where that is asked for", () => {
    const makers = [tensor, (shape: number[], o: object) => zeros(shape, o), (s: number[], o: object) => ones(s, o)];
    for (const make of makers) {
      expect(make([2], {}).requiresGradient).toBe(false);
      expect(make([2], { requiresGradient: true }).requiresGradient).toBe(true);
    }
    const options = { requiresGradient: true };
    const random = new Random(1);
    const others = [full([2], 1, options), arange(0, 2, 1, options), linspace(0, 1, 2, options)];
    for (const x of [
      ...others,
      randomUniform([2], { ...options, random }),
      randomNormal([2], { ...options, random }),
    ]) {
      expect(x.requiresGradient).toBe(true);
    }
  });

  it("does not change when what was read from it does", () => {
    const x = tensor([1, 2]);
    x.dataSync()[0] = 9;
    expect([...x.dataSync()]).toEqual([1, 2]);
  });
});

describe("zeros, ones and full", () => {
  it("are of one value, in any shape", () => {
    expectTensor(zeros([2, 2]), rows([0, 0], [0, 0]));
    expectTensor(ones([]), 1);
    expectTensor(full([3], -2.5), [-2.5, -2.5, -2.5]);
    expect(zeros([2, 0]).size).toBe(0);
  });

  it("like another tensor have its shape, type and backend, not the current one's", () => {
    const x = inFloat64(() => reshape(arange(4), [2, 2]));
    for (const [like, value] of [
      [zerosLike(x), 0],
      [onesLike(x), 1],
    ] as const) {
      expectTensor(like, rows([value, value], [value, value]));
      expect(like.dtype).toBe("float64");
      expect(like.backend).toBe(x.backend);
    }
  });
});

describe("arange", () => {
  it.each<[string, number[], number[]]>([
    ["to a stop", [4], [0, 1, 2, 3]],
    ["from a start", [2, 5], [2, 3, 4]],
    ["in steps that miss the stop", [1, 8, 3], [1, 4, 7]],
    ["backwards", [5, 0, -2], [5, 3, 1]],
    ["in fractions", [0, 1, 0.25], [0, 0.25, 0.5, 0.75]],
    ["in fractions to a stop between", [-1, 0.1, 0.5], [-1, -0.5, 0]],
    ["to a fraction", [2.5], [0, 1, 2]],
    ["nowhere", [3, 3], []],
    ["the wrong way", [3, 0], []],
    ["below 0", [-2], []],
  ])("counts %s", (_, numbers, expected) => {
    const [start = 0, ...rest] = numbers;
    expectTensor(
      inFloat64(() => arange(start, ...rest)),
      expected,
    );
  });

  it("adds no errors up on the way: element i is start + i·step", () => {
    const x = inFloat64(() => arange(0, 100, 0.1));
    expect(x.size).toBe(1000);
    expect(x.dataSync()[999]).toBe(999 * 0.1);
  });
});

describe("linspace", () => {
  it("divides a way into equal parts, ends included", () => {
    expectTensor(
      inFloat64(() => linspace(-1, 1, 5)),
      [-1, -0.5, 0, 0.5, 1],
    );
    expectTensor(
      inFloat64(() => linspace(3, 1, 3)),
      [3, 2, 1],
    );
    expectTensor(linspace(3, 9, 1), [3]);
    expectTensor(linspace(3, 9, 0), []);
  });

  it("ends exactly at the stop", () => {
    const property = fc.property(numbers(-9, 9), numbers(-9, 9), fc.integer({ min: 2, max: 50 }), (from, to, count) => {
      const data = inFloat64(() => linspace(from, to, count)).dataSync();
      expect(data.length).toBe(count);
      // ===, since the sign of a zero is not promised
      expect([data[0] === from, data[count - 1] === to]).toEqual([true, true]);
    });
    fc.assert(property, runs());
  });
});

describe("random tensors", () => {
  const draw = (make: typeof randomUniform, seed: number, shape: readonly number[]) => {
    return [...make(shape, { random: new Random(seed) }).dataSync()];
  };

  it.each([randomUniform, randomNormal])("%o are the same for the same seed, and others for another", (make) => {
    expect(draw(make, 7, [3, 5])).toEqual(draw(make, 7, [15]));
    expect(draw(make, 7, [15])).not.toEqual(draw(make, 8, [15]));
    expect(new Set(draw(make, 7, [100])).size).toBe(100);
  });

  it("go on where the generator stands", () => {
    const random = new Random(1);
    const [first, second] = [randomNormal([4], { random }), randomNormal([4], { random })];
    expect([...first.dataSync()]).not.toEqual([...second.dataSync()]);
  });

  it("are the same in float64 but for rounding", () => {
    const draw = () => randomUniform([50], { random: new Random(3), low: -3, high: 5 }).dataSync();
    const [exact, single] = [inFloat64(draw), draw()];
    expect([...single]).toEqual([...exact].map(Math.fround));
  });

  it("uniform ones fill [low, high) evenly", () => {
    const property = fc.property(fc.nat(1000), numbers(-5, 5), numbers(0.5, 5), (seed, low, width) => {
      const count = 2000;
      const made = inFloat64(() => randomUniform([count], { random: new Random(seed), low, high: low + width }));
      const shares = [...made.dataSync()].map((x) => (x - low) / width);
      expect(shares.every((share) => share >= 0 && share < 1)).toBe(true);
      // the mean of n uniform numbers has the standard deviation 1/√(12n); six of them are no accident
      expect(Math.abs(average(shares) - 0.5)).toBeLessThan(6 / Math.sqrt(12 * count));
    });
    fc.assert(property, runs(0.5));
  });

  it("normal ones have the mean and the deviation asked for", () => {
    const property = fc.property(fc.nat(1000), numbers(-5, 5), numbers(0.5, 5), (seed, mean, standardDeviation) => {
      const count = 2000;
      const options = { random: new Random(seed), mean, standardDeviation };
      const scores = [...inFloat64(() => randomNormal([count], options)).dataSync()].map(
        (x) => (x - mean) / standardDeviation,
      );
      expect(Math.abs(average(scores))).toBeLessThan(6 / Math.sqrt(count));
      // the mean of n squares has the standard deviation √(2/n)
      expect(Math.abs(average(scores.map((x) => x * x)) - 1)).toBeLessThan(6 * Math.sqrt(2 / count));
    });
    fc.assert(property, runs(0.5));
  });

  it("of no width are the one value, and of no elements empty", () => {
    const random = new Random(1);
    expectTensor(randomUniform([2], { random, low: 3, high: 3 }), [3, 3]);
    expectTensor(randomNormal([2], { random, mean: 3, standardDeviation: 0 }), [3, 3]);
    expect(randomNormal([0, 3], { random }).shape).toEqual([0, 3]);
  });
});

function average(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
