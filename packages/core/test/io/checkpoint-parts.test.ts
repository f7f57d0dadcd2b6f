// The parts of a checkpoint: whatever they are called they come back, also from the first version of the format; and
// where one of them cannot, nothing of any part changes.

import { readFileSync } from "node:fs";
import {
  Adam,
  AdjointError,
  type Backend,
  currentBackend,
  Dense,
  Module,
  Parameter,
  Random,
  type RandomState,
  Sequential,
  SGD,
  type Slots,
  Tanh,
  type Tensor,
  tensor,
  withBackend,
} from "@adjoint/core";
import {
  type CheckpointParts,
  type FileArray,
  openSafetensors,
  readCheckpoint,
  writeCheckpoint,
} from "@adjoint/core/io";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../support/runs.js";
import { StrictBackend } from "../support/strict-backend.js";

type Required<T> = { [Name in keyof T]-?: NonNullable<T[Name]> };
type Parts = Required<CheckpointParts>;

/** All bits of all parts, also of those whose backend answers later. */
async function allBits({ models, optimizers, randoms }: Parts) {
  const states = [...Object.entries(models), ...Object.entries(optimizers)].map(async ([name, part]) => {
    const entries = [...part.stateDict()].map(async ([entry, value]) => {
      return [entry, Buffer.from(Float64Array.from(await value.data()).buffer).toString("hex")];
    });
    return [name, await Promise.all(entries)];
  });
  const generators = Object.entries(randoms).map(([name, random]) => [name, random.state()]);
  return [await Promise.all(states), generators];
}

/** Shows one of the slots that it has. */
class OpenAdam extends Adam {
  slot: Parameter | undefined;

  protected override update(parameter: Parameter, gradient: Tensor, step: number, slots: Slots): void {
    this.slot = slots("m");
    super.update(parameter, gradient, step, slots);
  }
}

/** An object with these names, `__proto__` as one like others. */
const named = <T>(names: readonly string[], make: (name: string, i: number) => T): Record<string, T> =>
  Object.fromEntries(names.map((name, i) => [name, make(name, i)]));

/** Parts with these names: every model is of another size, as is what every optimizer trains. */
function partsOf(names: readonly string[], seed: number): Parts {
  const random = new Random(seed);
  return {
    models: named(names, (_, i) => new Dense(1, 1 + i, { random })),
    optimizers: named(names, (_, i) => {
      const optimizer = new OpenAdam(new Dense(1, 1 + i, { random }).parameters(), { learningRate: 1 / (seed + i) });
      const [kernel] = optimizer.parameters as readonly [Parameter];
      optimizer.applyGradients(new Map([[kernel, tensor(new Float32Array(1 + i).fill(seed), { shape: [1, 1 + i] })]]));
      return optimizer;
    }),
    randoms: named(names, (_, i) => new Random(seed, { stream: i })),
  };
}

describe("the names of parts", () => {
  it("may be prefixes of one another", async () => {
    const [saved, other] = [partsOf(["gan", "gan/ema"], 1), partsOf(["gan/ema", "gan"].toReversed(), 2)];
    await (await readCheckpoint(await writeCheckpoint(saved))).restore(other);
    expect(await allBits(other)).toEqual(await allBits(saved));
    const { tensors } = await openSafetensors(await writeCheckpoint(saved));
    const models = [...tensors.keys()].filter((name) => name.startsWith("models/")).sort();
    expect(models).toEqual(["models/gan/bias", "models/gan/kernel", "models/gan~1ema/bias", "models/gan~1ema/kernel"]);
  });

  it("may be any text, and one model can be taken out by its own", async () => {
    const pieces = [
      "/",
      "//",
      "~",
      "~1",
      "~0",
      ".",
      "..",
      "0",
      "kernel",
      "__proto__",
      "constructor",
      "é",
      "𝄞",
      " ",
      '"',
    ];
    const name = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: "binary" })), { maxLength: 4 });
    const names = fc.uniqueArray(
      name.map((parts) => parts.join("")),
      { minLength: 1, maxLength: 5 },
    );
    await fc.assert(
      fc.asyncProperty(names, fc.nat(4), async (all, which) => {
        const [saved, other] = [partsOf(all, 1), partsOf(all, 2)];
        const bytes = await writeCheckpoint(saved);
        await (await readCheckpoint(bytes)).restore(other);
        expect(await allBits(other)).toEqual(await allBits(saved));
        const one = all[which % all.length] as string;
        const alone: Parts = {
          models: named([one], () => partsOf(all, 3).models[one] as Module),
          optimizers: {},
          randoms: {},
        };
        await (await readCheckpoint(bytes)).restore(alone, { allowUnused: true });
        const wanted = { models: named([one], () => saved.models[one] as Module), optimizers: {}, randoms: {} };
        expect(await allBits(alone)).toEqual(await allBits(wanted));
      }),
      runs(),
    );
  });

  it("are kept apart from those of what they hold", async () => {
    /** A model whose own variables have names with slashes. */
    class Odd extends Module {
      readonly kind = "Odd";
      constructor(value: number) {
        super();
        Object.assign(this, {
          "ema/kernel": new Parameter(tensor([value]), "p"),
          "": new Parameter(tensor([value + 1]), "q"),
        });
      }
      forward(x: Parameters<Dense["forward"]>[0]) {
        return x;
      }
    }
    const make = (seed: number): Parts => {
      const plain = new Dense(1, 1, { random: new Random(seed), bias: false });
      return { models: { gan: new Odd(seed), "gan/ema": plain }, optimizers: {}, randoms: {} };
    };
    const [saved, other] = [make(1), make(2)];
    await (await readCheckpoint(await writeCheckpoint(saved))).restore(other);
    expect(await allBits(other)).toEqual(await allBits(saved));
  });
});

describe("a checkpoint of format version 1", () => {
  // Three steps of two models, by the library before it had a second version:
  // writeCheckpoint({ models: { gan, "gan/ema": average, "": average }, optimizers: { "a~1b": Adam, "gan/ema": SGD },
  // randoms: { "noise/": noise }, progress: { iteration: 3 } })
  const bytes = readFileSync(new URL("../fixtures/checkpoint-1.safetensors", import.meta.url));

  it("gives everything back that it has, and leaves settings as they are", async () => {
    const random = new Random(9);
    const gan = new Sequential([new Dense(2, 3, { random }), new Tanh(), new Dense(3, 1, { random, bias: false })]);
    const [average, copy] = [new Dense(1, 1, { random }), new Dense(1, 1, { random })];
    const adam = new Adam(gan.parameters(), { learningRate: 0.25 });
    const sgd = new SGD(average.parameters(), { learningRate: 0.125, momentum: 0.5 });
    const noise = new Random(1);
    const checkpoint = await readCheckpoint(bytes);
    expect(checkpoint.progress).toEqual({ iteration: 3 });
    const parts = {
      models: { gan, "gan/ema": average, "": copy },
      optimizers: { "a~1b": adam, "gan/ema": sgd },
      randoms: { "noise/": noise },
    };
    await checkpoint.restore(parts);
    const file = await openSafetensors(bytes);
    const stored = await file.readAll();
    const own = new Map<string, Float32Array>();
    for (const [kind, named] of Object.entries({ models: parts.models, optimizers: parts.optimizers })) {
      for (const [name, part] of Object.entries(named)) {
        for (const [entry, value] of part.stateDict()) {
          if (value.shape[0] !== 4) own.set(`${kind}/${name}/${entry}`, value.dataSync() as Float32Array);
        }
      }
    }
    expect(own).toEqual(new Map([...stored].map(([name, { data }]: [string, FileArray]) => [name, data])));
    expect(own.get("optimizers/a~1b/1.step")).toEqual(Float32Array.of(3));
    expect(noise.state()).toEqual(
      (JSON.parse(file.metadata.get("randoms") ?? "") as Record<string, RandomState>)["noise/"],
    );
    expect([adam.learningRate, sgd.learningRate]).toEqual([0.25, 0.125]);
  });
});

describe("a checkpoint that one part does not fit", () => {
  const later = new StrictBackend({ synchronous: false });
  const names = ["first", "second", "third"];
  const onEach = (seed: number, backend: Backend) => withBackend(backend, () => partsOf(names, seed));

  /** Ways for a part to be wrong: what is given in place of the parts. */
  const WRONG: [string, (parts: Parts) => Parts][] = [
    [
      "a model that is missing",
      (parts) => ({ ...parts, models: { ...parts.models, fourth: parts.models.first as Module } }),
    ],
    ["a model that is too much", ({ models: { third: _, ...models }, ...parts }) => ({ ...parts, models })],
    [
      "a model of another shape",
      (parts) => ({ ...parts, models: { ...parts.models, third: parts.models.first as Module } }),
    ],
    [
      "an optimizer of another kind",
      (parts) => ({
        ...parts,
        optimizers: { ...parts.optimizers, third: new SGD((parts.models.third as Module).parameters()) },
      }),
    ],
    ["a generator that is missing", (parts) => ({ ...parts, randoms: { ...parts.randoms, fourth: new Random(1) } })],
    ["a generator that is none", (parts) => ({ ...parts, randoms: { ...parts.randoms, third: {} as Random } })],
    ["a model that is none", (parts) => ({ ...parts, models: { ...parts.models, third: null as unknown as Module } })],
    [
      "an optimizer that is a model",
      (parts) => ({ ...parts, optimizers: { ...parts.optimizers, third: parts.models.third as never } }),
    ],
    ["models that are a text", (parts) => ({ ...parts, models: "first" as never })],
  ];

  for (const [backendName, backend] of [
    ["this backend", () => currentBackend()],
    ["one that answers later", () => later],
  ] as const) {
    it.each(WRONG)(`for %s, on ${backendName}, changes no bit of anything`, async (_, wrong) => {
      const checkpoint = await readCheckpoint(await writeCheckpoint(partsOf(names, 1)));
      const parts = onEach(2, backend());
      const before = await allBits(parts);
      const given = withBackend(backend(), () => wrong(parts));
      await expect(checkpoint.restore(given)).rejects.toThrow(AdjointError);
      expect(await allBits(parts)).toEqual(before);
      // and nothing else was wrong
      await checkpoint.restore(parts);
      expect(await allBits(parts)).not.toEqual(before);
    });

    it.each(
      names.flatMap(
        (name) =>
          [
            [name, "models"],
            [name, "optimizers"],
          ] as const,
      ),
    )(`where %s of the %s was disposed, on ${backendName}, changes no bit of the others`, async (name, kind) => {
      const checkpoint = await readCheckpoint(await writeCheckpoint(partsOf(names, 1)));
      const parts = onEach(2, backend());
      const others: Parts = {
        ...parts,
        [kind]: Object.fromEntries(Object.entries(parts[kind]).filter(([n]) => n !== name)),
      };
      const before = await allBits(others);
      if (kind === "models") (parts.models[name] as Dense).kernel.dispose();
      else (parts.optimizers[name] as OpenAdam).slot?.dispose();
      await expect(checkpoint.restore(parts)).rejects.toThrow(AdjointError);
      expect(await allBits(others)).toEqual(before);
    });
  }

  it.each([
    ["first", "0.step", [0.5], "optimizers/first/0.step must be a whole number ≥ 0, got 0.5"],
    ["third", "1.step", [-1], "optimizers/third/1.step must be a whole number ≥ 0, got -1"],
    ["third", "beta1", [0x3ff0, 0, 0, 0], "optimizers/third/beta1 must be a number in [0, 1), got 1"],
    [
      "second",
      "learningRate",
      [0.25, 0, 0, 0],
      "optimizers/second/learningRate must be a number in [0, Infinity), got NaN",
    ],
  ])("for what is worthless in %s: %s", async (name, entry, values, message) => {
    /** An optimizer that saves what it should not. */
    const saved = partsOf(names, 1);
    const optimizer = saved.optimizers[name] as Adam;
    const state = new Map(optimizer.stateDict()).set(
      entry,
      values.length === 1 ? tensor(values[0] as number) : tensor(values),
    );
    optimizer.stateDict = () => state;
    const checkpoint = await readCheckpoint(await writeCheckpoint(saved), { file: "run" });
    const parts = partsOf(names, 2);
    const before = await allBits(parts);
    await expect(checkpoint.restore(parts)).rejects.toThrow(`loadCheckpoint: run: does not fit: ${message}`);
    expect(await allBits(parts)).toEqual(before);
  });
});
