// Measuring a generator at the end of a run: all images, on any backend, without leaving a trace; and how it is shown.

import { currentBackend, Random, randomUniform, tensor, useBackend, zeros } from "@adjoint/core";
import { readReference } from "@adjoint/measures";
import { loadMnist } from "@adjoint/mnist";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { describeMeasures, measureGenerator } from "../src/generator-measures.js";
import { makeImages } from "../src/made-images.js";
import { describeFindings } from "../src/run/run-texts.js";

const mnist = loadMnist("test");

/** A perfect generator: it makes the test images, one after the other. */
function perfect(): (count: number) => ReturnType<typeof mnist.images.batch> {
  let made = 0;
  return (count) => {
    const numbers = Int32Array.from({ length: count }, (_, i) => made + i);
    made += count;
    return mnist.images.batch(numbers, { scale: 1 / 127.5, offset: -1 });
  };
}

describe("makeImages", () => {
  it("makes as many as it is asked for, some at a time, in the order in which they are drawn", async () => {
    const counts: number[] = [];
    const generate = (count: number, random: Random) => {
      counts.push(count);
      return randomUniform([count, 28, 28, 1], { random });
    };
    const pixels = await makeImages(generate, 1300, new Random(4));
    expect(pixels.length).toBe(1300 * 784);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1300);
    expect(Math.max(...counts)).toBeLessThan(1000);
    const random = new Random(4);
    const expected = randomUniform([counts[0] as number, 28, 28, 1], { random }).dataSync();
    expect(pixels.subarray(0, expected.length)).toEqual(expected);
    const next = randomUniform([1, 28, 28, 1], { random }).dataSync();
    expect(pixels.subarray(expected.length, expected.length + 784)).toEqual(next);
  });
});

describe("measureGenerator", () => {
  it("finds a generator of test images as good as the test set, and leaves the backend as it was", async () => {
    const { backend } = await useBackend("reference");
    const train = loadMnist("train");
    const findings = await measureGenerator(perfect(), { mnist: train, random: new Random(1), threads: 2 });
    expect(currentBackend()).toBe(backend);
    const { floor } = await readReference();
    expect(findings.values.frechetDistance).toBeCloseTo(floor.frechetDistance, 2);
    expect(findings.values.coverage).toBeCloseTo(floor.coverage, 2);
    await useBackend("wasm");
    const again = await measureGenerator(perfect(), { mnist: train, random: new Random(1) });
    expect([again.rows, again.values]).toEqual([findings.rows, findings.values]);
    expect(currentBackend().disposed).toBe(false);
  });

  it("says why it measures nothing where the images are no numbers", async () => {
    await useBackend("wasm");
    const generate = (count: number) => zeros([count, 28, 28, 1]).div(0);
    const { rows, values } = await measureGenerator(generate, { mnist: loadMnist("train"), random: new Random(1) });
    expect(rows).toEqual([["Not measured", "the generator's images have pixels that are not finite"]]);
    expect(values).toEqual({});
  });

  it("shows images above the training images that they are nearest to", async () => {
    const train = loadMnist("train");
    await useBackend("wasm");
    const numbers = Int32Array.from({ length: 10_000 }, (_, i) => 50_000 + i);
    let made = 0;
    const copying = (count: number) => {
      made += count;
      return train.images.batch(numbers.subarray(made - count, made), { scale: 1 / 127.5, offset: -1 });
    };
    const { pictures: [picture] = [] } = await measureGenerator(copying, { mnist: train, random: new Random(1) });
    expect(picture?.name).toBe("nearest.png");
    const { width, height, data } = decode((await picture?.draw()) ?? new Uint8Array());
    expect([width, height]).toEqual([12 * 60 + 4, 2 * 60 + 4]);
    // a generator that copies: both rows are the same
    expect(data.subarray(4 * width, 60 * width)).toEqual(data.subarray(64 * width, 120 * width));
    expect(Math.max(...data.subarray(4 * width, 60 * width))).toBe(255);
  });

  it("says that it cannot tell where the images are others", async () => {
    const generate = () => tensor([Number.NaN]);
    expect(await measureGenerator(generate, { mnist, random: new Random(1) })).toEqual({
      heading: "How good the generator is",
      rows: [["Not measured", "the training images are not MNIST's"]],
      values: {},
    });
  });
});

describe("what was measured", () => {
  it("stands beside the seeds' spread and the test set", async () => {
    const reference = await readReference();
    const { columns, rows, values } = describeMeasures(reference.floor, reference);
    expect(columns).toEqual(["this run", "mnist-gan, 5 seeds, 20,000 iterations", "MNIST's test set"]);
    const [name, own, seeds, floor] = rows[0] ?? [];
    expect(name).toBe("Fréchet distance");
    expect(own).toBe(floor);
    expect(seeds).toMatch(/^\d+\.\d ± \d+\.\d$/);
    expect(values.frechetDistance).toBe(reference.floor.frechetDistance);
  });

  it("is printed in columns, and as name and value where there is one", () => {
    const rows = [
      ["a", "1.0", "2"],
      ["long name", "3", "4"],
    ] as const;
    expect(describeFindings({ heading: "Heading", columns: ["this", "that one"], rows, values: {} })).toEqual([
      "Heading    this  that one",
      "a           1.0         2",
      "long name     3         4",
    ]);
    expect(describeFindings({ heading: "Heading", rows: [["a", "1"]], values: {} })).toEqual(["a: 1"]);
  });
});
