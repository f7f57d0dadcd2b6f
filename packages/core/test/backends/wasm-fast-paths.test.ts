// What the wasm backend does in one pass where ops have other ways: gradients of activations, batches of bytes, normal
// numbers, Adam; and what it does with buffers beside computing: filling, copying in and out, refusing.

import { BackendError, DTypeError, Random, ReferenceBackend } from "@adjoint/core";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { AdamValues, BackendBuffer } from "../../src/backends/backend.js";
import { createWasmBackend, type WasmBackend } from "../../src/backends/wasm/index.js";
import { runs } from "../support/runs.js";
import { computed, expectNear, expectRounded, inputs, inputsOf, place, sizes, tameFloat } from "./wasm-support.js";

const wasm = await createWasmBackend({ threads: 1 });
afterAll(() => wasm.dispose());

const pairs = fc.nat(67).chain((count) => inputsOf([[count], [count]]));
const at = (input: { values: Float32Array } | undefined, i: number) => input?.values[i] as number;

describe("activationGradient", () => {
  const slope = Math.fround(0.01);

  it.each(["relu", "leakyRelu"] as const)(
    "%s passes dy where y > 0, and elsewhere dy by the slope; relu also at NaN",
    (name) => {
      const parameters = name === "relu" ? [] : [slope];
      const property = fc.property(pairs, (given) => {
        const actual = computed(wasm, given, (_, dy, y) => wasm.activationGradient({ name, parameters }, dy, y));
        const below = (dy: number) => (name === "relu" ? 0 : slope * dy);
        const passes = (y: number) => y > 0 || (name === "relu" && Number.isNaN(y));
        const wanted = Array.from(actual, (_, i) =>
          passes(at(given[1], i)) ? at(given[0], i) : below(at(given[0], i)),
        );
        expectRounded(actual, wanted);
      });
      fc.assert(property, runs(3));
    },
  );

  it.each([
    ["tanh", -1, (y: number) => 1 - y * y],
    ["sigmoid", 0, (y: number) => y * (1 - y)],
  ] as const)("%s is dy·f′(y), as exact as float32 numbers of the size of y can make it", (name, low, slopeOf) => {
    const results = fc.float({ min: low, max: 1, noNaN: true });
    const cases = fc.nat(67).chain((count) => fc.tuple(inputs(count, tameFloat), inputs(count, results)));
    const property = fc.property(cases, (given) => {
      const actual = computed(wasm, given, (_, dy, y) => wasm.activationGradient({ name, parameters: [] }, dy, y));
      const wanted = Array.from(actual, (_, i) => at(given[0], i) * slopeOf(at(given[1], i)));
      expectNear(actual, wanted, (_, i) => 2 ** -22 * Math.abs(at(given[0], i)) + 2 ** -149);
    });
    fc.assert(property, runs(3));
  });
});

describe("gatherBytes", () => {
  it("takes rows of bytes in any order, as byte · scale + offset rounded once", () => {
    const cases = fc.record({ rows: fc.integer({ min: 1, max: 9 }), rowSize: sizes }).chain(({ rows, rowSize }) =>
      fc.record({
        bytes: fc.uint8Array({ minLength: rows * rowSize, maxLength: rows * rowSize }),
        rowSize: fc.constant(rowSize),
        indices: fc.array(fc.nat(rows - 1), { maxLength: 11 }).map((list) => Int32Array.from(list)),
        scale: fc.constantFrom(1, 1 / 255, 1 / 127.5),
        offset: fc.constantFrom(0, -1, 0.1),
      }),
    );
    const property = fc.property(cases, ({ bytes, rowSize, indices, scale, offset }) => {
      const actual = computed(wasm, [], () => wasm.gatherBytes(bytes, indices, rowSize, { scale, offset }));
      const rows = [...indices].flatMap((row) => [...bytes.subarray(row * rowSize, (row + 1) * rowSize)]);
      expectRounded(
        actual,
        rows.map((byte) => byte * scale + offset),
      );
    });
    fc.assert(property, runs(4));
  });
});

describe("normal", () => {
  it("gives the bits of Random.fillNormal, from any place of any stream", () => {
    const cases = fc.record({
      size: fc.nat(300),
      seed: fc.oneof(fc.nat(), fc.maxSafeNat()),
      stream: fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
      block: fc.oneof(fc.nat(99), fc.integer({ min: 2 ** 32 - 9, max: 2 ** 40 })),
    });
    const property = fc.property(cases, ({ size, seed, stream, block }) => {
      const state = { algorithm: "philox4x32-10", seed, stream, block, wordsLeft: 0 } as const;
      const wanted = Random.fromState(state).fillNormal(new Float32Array(size));
      expect(computed(wasm, [], () => wasm.normal(size, { seed, stream, block }))).toEqual(wanted);
    });
    fc.assert(property, runs(4));
  });
});

describe("adam", () => {
  const unit = fc.float({ min: Math.fround(0.5), max: Math.fround(0.9990000128746033), noNaN: true });
  const values: fc.Arbitrary<AdamValues> = fc.record({
    beta1: unit,
    beta2: unit,
    rate: fc.constantFrom(1e-3, 0.1),
    correction: fc.constantFrom(0, 0.5, 0.03),
    epsilon: fc.constantFrom(1e-7, 1e-3),
  });

  it("updates the parameter and both means in place, wherever they lie, and leaves the gradient", () => {
    const cases = fc
      .nat(67)
      .chain((count) => fc.tuple(values, inputsOf([[count], [count], [count]], tameFloat), inputs(count, tameFloat)));
    const property = fc.property(cases, ([value, [x, g, m], square]) => {
      if (!x || !g || !m) throw new Error("three inputs were asked for");
      const v = { ...square, values: square.values.map(Math.abs) };
      const given = [x, g, m, v].map((input) => place(wasm, input)) as [Buffer4, Buffer4, Buffer4, Buffer4];
      const [parameter, gradient, mean, squares] = given;
      const before = wasm.memory();
      wasm.adam({ parameter, gradient, m: mean, v: squares }, value);
      expect(wasm.memory()).toEqual(before);
      const [x1, g1, m1, v1] = given.map((buffer) => Float32Array.from(wasm.readSync(buffer)));
      expect(g1).toEqual(g.values);
      const { beta1, beta2, rate, correction, epsilon } = value;
      for (let i = 0; i < x.values.length; i++) {
        const slope = at(g, i);
        const wantedM = beta1 * at(m, i) + (1 - beta1) * slope;
        const wantedV = beta2 * at(v, i) + (1 - beta2) * slope ** 2;
        near(m1?.[i], wantedM, Math.abs(at(m, i)) + Math.abs(slope));
        near(v1?.[i], wantedV, wantedV);
        // by the means as they were stored, so that a difference shows where it arises
        const root = Math.sqrt(v1?.[i] as number) / (correction || 1) + epsilon;
        const step = ((m1?.[i] as number) * rate) / root;
        near(x1?.[i], at(x, i) - step, Math.abs(at(x, i)) + Math.abs(step));
      }
      for (const buffer of given) wasm.free(buffer);
    });
    fc.assert(property, runs(4));
  });

  type Buffer4 = BackendBuffer;

  function near(actual: number | undefined, wanted: number, size: number): void {
    expect(Math.abs((actual as number) - wanted)).toBeLessThanOrEqual(1e-6 * size + 2 ** -126);
  }
});

describe("buffers", () => {
  it("are filled with any value, and read as they were uploaded", () => {
    const property = fc.property(
      fc.nat(67).chain((count) => inputs(count)),
      fc.float(),
      (x, value) => {
        expect(
          computed(wasm, [x], (_, buffer) => wasm.copy(buffer, { shape: [x.values.length], strides: [1], offset: 0 })),
        ).toEqual(x.values);
        const filled = computed(wasm, [], () => wasm.fill("float32", x.values.length, value));
        expect(filled).toEqual(new Float32Array(x.values.length).fill(value));
      },
    );
    fc.assert(property, runs(2));
  });

  it("are assigned to each other in place, wherever they lie", () => {
    const property = fc.property(pairs, ([x, y]) => {
      if (!x || !y) throw new Error("two inputs were asked for");
      const [target, source] = [place(wasm, x), place(wasm, y)];
      const before = wasm.memory();
      wasm.assign(target, source);
      expect([...wasm.readSync(target)]).toEqual([...y.values]);
      wasm.assign(target, target);
      expect([...wasm.readSync(target)]).toEqual([...y.values]);
      expect([...wasm.readSync(source)]).toEqual([...y.values]);
      expect(wasm.memory()).toEqual(before);
      for (const buffer of [target, source]) wasm.free(buffer);
    });
    fc.assert(property, runs(2));
  });

  it("do not change when what they were made of does, or what was read from them", () => {
    const data = Float32Array.of(1, 2, 3);
    for (const left of [false, true]) {
      const buffer = place(wasm, { values: data, left });
      data[0] = 9;
      wasm.readSync(buffer)[1] = 9;
      expect([...wasm.readSync(buffer)]).toEqual([1, 2, 3]);
      data[0] = 1;
      wasm.free(buffer);
    }
  });
});

describe("what is refused", () => {
  const view = { shape: [1], strides: [1], offset: 0 };

  it.each<[string, (backend: WasmBackend) => unknown]>([
    ["upload", (backend) => backend.upload(new Float64Array(1))],
    ["fill", (backend) => backend.fill("float64", 1, 0)],
    ["assemble", (backend) => backend.assemble("float64", 1, [])],
  ])("%s of float64", (_, call) => {
    expect(() => call(wasm)).toThrow(new DTypeError("wasm", "takes float32, got float64"));
  });

  const uses: [string, (backend: WasmBackend, buffer: BackendBuffer, good: BackendBuffer) => unknown][] = [
    ["readSync", (backend, buffer) => backend.readSync(buffer)],
    ["unary", (backend, buffer) => backend.unary("exp", buffer, [])],
    ["copy", (backend, buffer) => backend.copy(buffer, view)],
    ["gatherRows", (backend, buffer) => backend.gatherRows(buffer, Int32Array.of(0), 1)],
    ["assign to it", (backend, buffer, good) => backend.assign(buffer, good)],
    ["assign from it", (backend, buffer, good) => backend.assign(good, buffer)],
    ["adam", (backend, buffer, good) => backend.adam({ parameter: buffer, gradient: good, m: good, v: good }, adam)],
  ];
  const adam = { beta1: 0.9, beta2: 0.999, rate: 1, correction: 0, epsilon: 1 };

  it.each([...uses, ["free", (backend: WasmBackend, buffer: BackendBuffer) => backend.free(buffer)] as const])(
    "%s with a buffer that was freed, or another backend's, and nothing stays behind",
    (_, call) => {
      const [freed, good] = [wasm.upload(Float32Array.of(1)), wasm.upload(Float32Array.of(2))];
      wasm.free(freed);
      const before = wasm.memory();
      expect(() => call(wasm, freed, good)).toThrow(new BackendError("wasm", "was handed a buffer that was freed"));
      const foreign = new ReferenceBackend().upload(Float32Array.of(1));
      const message = "was handed a buffer of another backend";
      expect(() => call(wasm, foreign, good)).toThrow(new BackendError("wasm", message));
      expect(wasm.memory()).toEqual(before);
      wasm.free(good);
    },
  );

  it.each([...uses, ["upload", (backend: WasmBackend) => backend.upload(Float32Array.of(1))] as const])(
    "%s after dispose()",
    async (_, call) => {
      const gone = await createWasmBackend({ threads: 2 });
      const [x, y] = [gone.upload(Float32Array.of(1)), gone.upload(Float32Array.of(2))];
      await gone.dispose();
      const message = "the backend was disposed; call useBackend again";
      expect(() => call(gone, x, y)).toThrow(new BackendError("wasm", message));
      // what holds buffers gives them back whenever it ends
      for (const buffer of [x, y]) expect(() => gone.free(buffer)).not.toThrow();
    },
  );
});
