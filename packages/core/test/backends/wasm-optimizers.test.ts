// The updates of the optimizers in one pass have the bits of the same updates made of ops, on one thread and on more.

import {
  Adam,
  mean,
  type Optimizer,
  Parameter,
  Random,
  RMSprop,
  SGD,
  square,
  tensor,
  useBackend,
  WasmBackend,
} from "@adjoint/core";
import { afterAll, describe, expect, it } from "vitest";

/** Worth several threads, and not a whole number of vectors. */
const SIZE = 70_001;
/** Less than a vector, and a vector with every rest. */
const SMALL = [1, 2, 3, 4, 5, 6, 7];
const STEPS = 3;

const optimizers: Readonly<Record<string, (parameters: Parameter[]) => Optimizer>> = {
  "Adam in Keras's form": (parameters) => new Adam(parameters, { learningRate: 0.1 }),
  "Adam in PyTorch's form": (parameters) => new Adam(parameters, { learningRate: 0.1, convention: "pytorch" }),
  RMSprop: (parameters) => new RMSprop(parameters, { learningRate: 0.1, decay: 0.7 }),
  SGD: (parameters) => new SGD(parameters, { learningRate: 0.3 }),
  "SGD with momentum": (parameters) => new SGD(parameters, { learningRate: 0.3, momentum: 0.8 }),
  "SGD with Nesterov's momentum": (parameters) => new SGD(parameters, { momentum: 0.8, nesterov: true }),
};

afterAll(async () => {
  await useBackend("reference");
});

/** A parameter after some steps towards 0, by updates in one pass or made of ops. */
async function train(
  create: (parameters: Parameter[]) => Optimizer,
  { size, threads, inOnePass }: { size: number; threads: number; inOnePass: boolean },
) {
  const { backend } = await useBackend("wasm", { threads });
  if (!(backend instanceof WasmBackend)) throw new Error("useBackend gave another backend than the wasm one");
  let updates = 0;
  for (const name of ["adam", "rmsprop", "sgd"] as const) {
    const update: unknown = backend[name];
    const counted = (...values: unknown[]) => {
      updates++;
      return Reflect.apply(update as () => void, backend, values);
    };
    Object.defineProperty(backend, name, { value: inOnePass ? counted : undefined });
  }
  const start = new Random(7).fillNormal(new Float32Array(size));
  const parameter = new Parameter(tensor(start), "weights");
  const optimizer = create([parameter]);
  for (let step = 0; step < STEPS; step++) optimizer.minimize(() => mean(square(parameter)).mul(size));
  const values = Float32Array.from(parameter.dataSync());
  await backend.dispose();
  return { values, updates };
}

describe.each(Object.entries(optimizers))("%s", (_, create) => {
  it.each([...[1, 3].map((threads) => ({ size: SIZE, threads })), ...SMALL.map((size) => ({ size, threads: 1 }))])(
    "has the bits of its ops: $size elements, $threads thread(s)",
    async ({ size, threads }) => {
      const fast = await train(create, { size, threads, inOnePass: true });
      const slow = await train(create, { size, threads: 1, inOnePass: false });
      expect([fast.updates, slow.updates]).toEqual([STEPS, 0]);
      expect(slow.values.some((value) => Number.isNaN(value))).toBe(false);
      expect(fast.values.findIndex((value, i) => value !== slow.values[i])).toBe(-1);
    },
  );
});
