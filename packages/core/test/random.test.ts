// Random numbers: those of Philox4x32-10, from any place in the sequence, and distributed as they should be.

import { ArgumentError, Random, type RandomState } from "@adjoint/core";
import { describe, expect, it } from "vitest";

/** Philox4x32-10 in whole numbers of any size, as the paper writes it. */
function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [a, b, c, d] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k, l] = key.map(BigInt) as [bigint, bigint];
  const word = (x: bigint) => x & 0xffff_ffffn;
  for (let round = 0; round < 10; round++) {
    const [left, right] = [0xd251_1f53n * a, 0xcd9e_8d57n * c];
    [a, b, c, d] = [(right >> 32n) ^ b ^ k, word(right), (left >> 32n) ^ d ^ l, word(left)];
    [k, l] = [word(k + 0x9e37_79b9n), word(l + 0xbb67_ae85n)];
  }
  return [a, b, c, d].map(Number);
}

/** The next words as they come out of the generator. */
const words = (random: Random, count: number) => Array.from({ length: count }, () => random.integer(2 ** 32));
const stateAt = (seed: number, stream: number, block: number): RandomState => ({
  algorithm: "philox4x32-10",
  seed,
  stream,
  block,
  wordsLeft: 0,
});

describe("the generator is Philox4x32-10", () => {
  it("with the known answers of Random123", () => {
    const max = 0xffff_ffff;
    const known: [number[], number[], string][] = [
      [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
      [[max, max, max, max], [max, max], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
      [
        [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
        [0xa4093822, 0x299f31d0],
        "d16cfe09 94fdcceb 5001e420 24126ea1",
      ],
    ];
    for (const [counter, key, answer] of known) {
      expect(
        philox(counter, key)
          .map((x) => x.toString(16).padStart(8, "0"))
          .join(" "),
      ).toBe(answer);
    }
    // the first of them is how the sequence of seed 0 begins
    expect(words(new Random(0), 4)).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
  });

  it("block after block, for any seed, stream and place", () => {
    const split = (x: number) => [x % 2 ** 32, Math.floor(x / 2 ** 32)] as const;
    for (const seed of [0, 1, 12345, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      for (const stream of [0, 1, 0x1234_5678, 2 ** 32 - 1]) {
        for (const block of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 45 + 17]) {
          const drawn = words(Random.fromState(stateAt(seed, stream, block)), 8);
          const expected = [block, block + 1].flatMap((n) => philox([...split(n), stream, 0], split(seed)));
          expect(drawn, `seed ${seed}, stream ${stream}, block ${block}`).toEqual(expected);
        }
      }
    }
  });

  it("differs from seed to seed and from stream to stream", () => {
    const sequences = [0, 1, 2 ** 32].flatMap((seed) =>
      [0, 1].map((stream) => words(new Random(seed, { stream }), 4).join()),
    );
    expect(new Set(sequences).size).toBe(6);
  });
});

describe("the state", () => {
  const draws: [string, (random: Random) => unknown][] = [
    ["words", (random) => words(random, 9)],
    ["uniform numbers", (random) => Array.from({ length: 5 }, () => random.uniform())],
    ["normal numbers", (random) => Array.from({ length: 5 }, () => random.normal())],
    ["integers", (random) => Array.from({ length: 9 }, () => random.integer(1000))],
    ["filled arrays", (random) => [random.fillUniform(new Float64Array(5)), random.fillNormal(new Float64Array(5))]],
  ];

  it.each(draws)("taken at any position gives the same %s from there on", (_, draw) => {
    for (let position = 0; position < 13; position++) {
      const random = new Random(99, { stream: 3 });
      words(random, position);
      const state: RandomState = JSON.parse(JSON.stringify(random.state()));
      expect(draw(Random.fromState(state)), `after ${position} words`).toEqual(draw(random));
      expect(draw(Random.fromState(state)), `after ${position} words, again`).not.toEqual(draw(random));
    }
  });

  it("after filling an array of any length is where drawing one by one goes on", () => {
    for (const size of [0, 1, 2, 3, 4, 5, 7, 8, 129]) {
      for (const fill of ["fillUniform", "fillNormal"] as const) {
        const random = new Random(5);
        random[fill](new Float32Array(size));
        const copy = Random.fromState(random.state());
        expect(words(copy, 6)).toEqual(words(random, 6));
        expect(copy.state()).toEqual(random.state());
      }
    }
  });

  it("is the same after skipping the numbers that fill an array as after drawing them", () => {
    for (const before of [0, 1, 4, 6]) {
      for (const size of [0, 1, 2, 3, 4, 5, 8, 129]) {
        for (const [fill, wordsEach] of [
          ["fillUniform", 1],
          ["fillNormal", 2],
        ] as const) {
          const [drawn, skipped] = [new Random(8, { stream: 2 }), new Random(8, { stream: 2 })];
          for (const random of [drawn, skipped]) words(random, before);
          const values = drawn[fill](new Float64Array(size));
          const { seed, stream, block } = skipped.skip(size, wordsEach);
          expect(skipped.state()).toEqual(drawn.state());
          expect(words(skipped, 5)).toEqual(words(drawn, 5));
          expect(Random.fromState(stateAt(seed, stream, block))[fill](new Float64Array(size))).toEqual(values);
        }
      }
    }
  });

  it("is refused where it is none", () => {
    const good = new Random(1).state();
    const bad: unknown[] = [
      null,
      undefined,
      {},
      { ...good, algorithm: "mersenne" },
      { ...good, block: -1 },
      { ...good, block: 0.5 },
      { ...good, block: 2, wordsLeft: 4 },
      { ...good, block: 2, wordsLeft: -1 },
      { ...good, block: 0, wordsLeft: 1 },
      { ...good, block: "0" },
    ];
    for (const state of bad) {
      expect(() => Random.fromState(state as RandomState), JSON.stringify(state)).toThrow(ArgumentError);
      expect(() => Random.fromState(state as RandomState)).toThrow("Random.fromState: not a state of this generator");
    }
    expect(() => Random.fromState({ ...good, seed: -1 })).toThrow("the seed must be a whole number");
  });

  it("is taken over in place, also by a generator of another seed and stream", () => {
    const other = new Random(9, { stream: 4 });
    other.uniform();
    const random = new Random(5, { stream: 2 });
    random.fillUniform(new Float32Array(7));
    other.restore(random.state());
    expect([other.seed, other.stream]).toEqual([5, 2]);
    expect(words(other, 9)).toEqual(words(random, 9));
    const before = other.state();
    expect(() => other.restore({ ...before, block: -1 })).toThrow("not a state of this generator");
    expect(other.state()).toEqual(before);
  });
});

describe("the distributions", () => {
  const COUNT = 40_000;
  const draw = (next: (random: Random) => number, seed = 2024) => {
    const random = new Random(seed);
    return Float64Array.from({ length: COUNT }, () => next(random));
  };
  const sources: [string, (seed?: number) => Float64Array][] = [
    ["uniform", (seed) => draw((random) => random.uniform(), seed)],
    ["fillUniform", (seed = 2024) => new Random(seed).fillUniform(new Float64Array(COUNT))],
  ];
  const normals: [string, () => Float64Array][] = [
    ["normal", () => draw((random) => random.normal())],
    ["fillNormal", () => new Random(2024).fillNormal(new Float64Array(COUNT))],
  ];

  /** The largest distance between the drawn distribution and the expected one (Kolmogorov–Smirnov), times √n. */
  function distance(drawn: Float64Array, distribution: (x: number) => number): number {
    let largest = 0;
    drawn.sort().forEach((x, i) => {
      const expected = distribution(x);
      largest = Math.max(largest, Math.abs(expected - i / COUNT), Math.abs(expected - (i + 1) / COUNT));
    });
    return largest * Math.sqrt(COUNT);
  }

  const moment = (drawn: Float64Array, power: number) => drawn.reduce((sum, x) => sum + x ** power, 0) / drawn.length;

  it.each(sources)("of %s is even over [0, 1)", (_, make) => {
    const drawn = make();
    expect(drawn.every((x) => x >= 0 && x < 1)).toBe(true);
    // 1.95 is exceeded once in a thousand
    expect(distance(drawn, (x) => x)).toBeLessThan(1.95);
    expect(Math.abs(moment(drawn, 1) - 1 / 2)).toBeLessThan(4 * Math.sqrt(1 / 12 / COUNT));
    expect(Math.abs(moment(drawn, 2) - 1 / 3)).toBeLessThan(4 * Math.sqrt(4 / 45 / COUNT));
    expect(make(1)).not.toEqual(make(2));
  });

  it.each(normals)("of %s is the bell curve", (_, make) => {
    const drawn = make();
    const expected = [0, 1, 0, 3, 0, 15];
    // the variance of xᵏ, of which the mean deviates by its root over √n
    const variances = [1, 2, 15, 96, 945, 10_170];
    expected.forEach((value, i) => {
      const deviation = Math.sqrt((variances[i] as number) / COUNT);
      expect(Math.abs(moment(drawn, i + 1) - value), `moment ${i + 1}`).toBeLessThan(4 * deviation);
    });
    expect(distance(drawn, normalDistribution)).toBeLessThan(1.95);
  });

  it("of neighbouring numbers are independent", () => {
    for (const [, make] of [...sources, ...normals]) {
      const drawn = make();
      const mean = moment(drawn, 1);
      let covariance = 0;
      for (let i = 1; i < COUNT; i++) covariance += ((drawn[i] as number) - mean) * ((drawn[i - 1] as number) - mean);
      const variance = moment(drawn, 2) - mean ** 2;
      expect(Math.abs(covariance / COUNT / variance)).toBeLessThan(4 / Math.sqrt(COUNT));
    }
  });

  it.each([
    [2, 2],
    [3, 3],
    [10, 10],
    [128, 64],
    [60_000, 60],
    [3 * 2 ** 30, 48],
  ])("of integers below %i gives each the same chance, counted in %i cells", (limit, cells) => {
    const counts = new Array<number>(cells).fill(0);
    const drawn = draw((random) => random.integer(limit), 11);
    expect(drawn.every((x) => Number.isInteger(x) && x >= 0 && x < limit)).toBe(true);
    for (const x of drawn) counts[Math.floor((x / limit) * cells)] = (counts[Math.floor((x / limit) * cells)] ?? 0) + 1;
    const expected = COUNT / cells;
    const square = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    // χ² of k degrees of freedom is about normal: mean k, variance 2k
    expect(square).toBeLessThan(cells - 1 + 4 * Math.sqrt(2 * (cells - 1)));
  });

  it("of integers has no bias towards small ones where the limit does not divide 2³²", () => {
    // words above 3·2³⁰ are drawn again: taken modulo the limit they would fall among the smallest third
    const raw = words(new Random(11), 200);
    const random = new Random(11);
    const kept = raw.filter((word) => word < 3 * 2 ** 30);
    expect(kept.length).toBeLessThan(raw.length);
    expect(kept.map(() => random.integer(3 * 2 ** 30))).toEqual(kept);
  });

  it("give float32 arrays the same uniform numbers as float64 arrays, and the same normal ones rounded", () => {
    const uniform = new Random(3).fillUniform(new Float64Array(99));
    expect(Array.from(new Random(3).fillUniform(new Float32Array(99)))).toEqual(Array.from(uniform));
    const normal = new Random(3).fillNormal(new Float64Array(99));
    expect(Array.from(new Random(3).fillNormal(new Float32Array(99)))).toEqual(Array.from(normal, Math.fround));
  });

  it("stay the same from version to version", () => {
    const random = new Random(42, { stream: 7 });
    expect([random.uniform(), random.normal(), random.integer(1000)]).toMatchInlineSnapshot(`
      [
        0.40598197203736,
        -0.6584503715051446,
        632,
      ]
    `);
    expect(Array.from(random.fillNormal(new Float32Array(3)))).toMatchInlineSnapshot(`
      [
        1.8181289434432983,
        -0.7529574036598206,
        0.6604123711585999,
      ]
    `);
  });
});

/** Φ(x) by its series around 0 and, in the tails, by the continued fraction of Laplace. */
function normalDistribution(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < 3) {
    let [term, sum] = [x, x];
    for (let k = 3; k < 120; k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = Math.abs(x);
  for (let k = 60; k > 0; k--) fraction = Math.abs(x) + k / fraction;
  return x > 0 ? 1 - density / fraction : density / fraction;
}

describe("what is refused", () => {
  it("seeds and streams that are not whole numbers in range", () => {
    for (const seed of [-1, 0.5, Number.NaN, 2 ** 53, Infinity]) {
      expect(() => new Random(seed)).toThrow(`Random: the seed must be a whole number in [0, 2^53), got ${seed}`);
    }
    for (const stream of [-1, 0.5, 2 ** 32]) {
      expect(() => new Random(0, { stream })).toThrow(
        `Random: the stream must be a whole number in [0, 2^32), got ${stream}`,
      );
    }
  });

  it("limits of integers outside [1, 2³²]", () => {
    for (const limit of [0, -3, 1.5, 2 ** 32 + 1, Number.NaN]) {
      expect(() => new Random(0).integer(limit)).toThrow(
        `Random.integer: the limit must be a whole number in [1, 2^32], got ${limit}`,
      );
    }
    expect(new Random(0).integer(1)).toBe(0);
  });
});
