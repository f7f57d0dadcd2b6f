// Normal numbers of the wasm backend are those of Random.fillNormal, bit for bit, and leave the generator where that
// leaves it.

import { Random, type RandomState, randomNormal, useBackend, WasmBackend } from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

/** Around the block of four words, the kernels' vectors, and where 2, 3 and 8 threads share the work. */
const SIZES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 17, 31, 33, 1021, 4095, 4097, 6145, 16_387, 40_961];

/** Generators before the numbers are drawn: new, amid a block, of large seeds, and about to pass 2³² blocks. */
const STATES: readonly [string, RandomState][] = [
  ["a new generator", new Random(1).state()],
  ...[1, 2, 3].map((wordsLeft): [string, RandomState] => [
    `a generator with ${wordsLeft} words left`,
    { algorithm: "philox4x32-10", seed: 7, stream: 3, block: 5, wordsLeft },
  ]),
  ["the largest seed and stream", new Random(2 ** 53 - 1, { stream: 2 ** 32 - 1 }).state()],
  [
    "a generator about to pass 2³² blocks",
    { algorithm: "philox4x32-10", seed: 2 ** 40 + 1, stream: 2 ** 31, block: 2 ** 32 - 700, wordsLeft: 2 },
  ],
];

let backend: WasmBackend;

beforeAll(async () => {
  const choice = await useBackend("wasm", { threads: 3 });
  if (!(choice.backend instanceof WasmBackend)) throw new Error("useBackend gave another backend than the wasm one");
  backend = choice.backend;
  await backend.ready();
});

afterAll(async () => {
  await backend.dispose();
  await useBackend("reference");
});

describe.each(STATES)("normal numbers from %s", (_, state) => {
  it.each(SIZES)("are those of Random.fillNormal for %i of them", (size) => {
    const [inBackend, inScript] = [Random.fromState(state), Random.fromState(state)];
    const expected = inScript.fillNormal(new Float32Array(size));
    const actual = randomNormal([size], { random: inBackend }).dataSync() as Float32Array;
    // not toEqual on the numbers: it takes long for many, and passes over the sign of 0
    expect(Buffer.from(actual.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
    expect(inBackend.state()).toEqual(inScript.state());
    expect(inBackend.normal()).toBe(inScript.normal());
    expect(inBackend.integer(1000)).toBe(inScript.integer(1000));
  });

  it("follow each other without a gap, odd sizes included", () => {
    const [inBackend, inScript] = [Random.fromState(state), Random.fromState(state)];
    for (const size of [3, 1, 8, 5, 2, 4099, 7]) {
      const expected = inScript.fillNormal(new Float32Array(size));
      expect(randomNormal([size], { random: inBackend }).dataSync()).toEqual(expected);
      expect(inBackend.uniform()).toBe(inScript.uniform());
    }
    expect(inBackend.state()).toEqual(inScript.state());
  });
});

it("the backend computes them itself", () => {
  expect(backend.normal).toBeTypeOf("function");
  const place = { seed: 4, stream: 2, block: 9 };
  const state: RandomState = { algorithm: "philox4x32-10", seed: 4, stream: 2, block: 9, wordsLeft: 0 };
  const numbers = backend.readSync(backend.normal(11, place));
  expect(numbers).toEqual(Random.fromState(state).fillNormal(new Float32Array(11)));
});
