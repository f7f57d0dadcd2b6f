// Settings that may be changed at any time: what a constructor refuses is refused later too, and changes nothing; and
// those of optimizers are part of their state, to the last bit.

import {
  Adam,
  ArgumentError,
  BatchNorm,
  Dense,
  Dropout,
  LayerNorm,
  LeakyReLU,
  MovingAverage,
  type Optimizer,
  Parameter,
  Random,
  RMSprop,
  Sequential,
  SGD,
  StateError,
  type Tensor,
  tensor,
  withBackend,
} from "@adjoint/core";
import { fromArrays, readCheckpoint, toArrays, writeCheckpoint } from "@adjoint/core/io";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bits } from "./support/bits.js";
import { runs } from "./support/runs.js";
import { StrictBackend } from "./support/strict-backend.js";

type Settings = Record<string, unknown>;

const FROM_0 = "a number in [0, Infinity)";
const BELOW_1 = "a number in [0, 1)";

const random = new Random(3);
const dense = () => new Dense(2, 2, { random });
const parameter = () => new Parameter(tensor([1, -2, 3]), "p");

/** Everything with a setting: how it is made, its class in messages, and what each setting must be. */
const OWNERS: readonly [string, () => object, Readonly<Record<string, string>>][] = [
  ["SGD", () => new SGD([parameter()], { momentum: 0.5 }), { learningRate: FROM_0, momentum: BELOW_1 }],
  ["RMSprop", () => new RMSprop([parameter()]), { learningRate: FROM_0, decay: BELOW_1, epsilon: FROM_0 }],
  ["Adam", () => new Adam([parameter()]), { learningRate: FROM_0, beta1: BELOW_1, beta2: BELOW_1, epsilon: FROM_0 }],
  ["MovingAverage", () => new MovingAverage(dense(), dense()), { decay: BELOW_1 }],
  ["Dropout", () => new Dropout(0.5, { random }), { rate: BELOW_1 }],
  ["LeakyReLU", () => new LeakyReLU(), { negativeSlope: "a finite number" }],
  ["BatchNorm", () => new BatchNorm(2), { epsilon: FROM_0, momentum: "a number in [0, 1]" }],
  ["LayerNorm", () => new LayerNorm(2), { epsilon: FROM_0 }],
];

const GARBAGE: readonly [unknown, string][] = [
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "Infinity"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
  ["0.1", '"0.1"'],
  [undefined, "undefined"],
  [null, "null"],
  [1n, "1n"],
  [true, "true"],
  [[0.1], "an array"],
  [Object.create(null), "an object"],
  [Symbol("rate"), "Symbol(rate)"],
  [() => 0.1, "a function"],
];

describe.each(OWNERS)("%s", (name, make, settings) => {
  it.each(Object.entries(settings))("checks %s whenever it is set", (setting, expected) => {
    const owner = make() as Settings;
    const before = owner[setting];
    const below: [unknown, string][] = expected === "a finite number" ? [] : [[-1, "-1"]];
    for (const [value, shown] of [...GARBAGE, ...below]) {
      const set = () => {
        owner[setting] = value;
      };
      expect(set).toThrow(new ArgumentError(name, `${setting} must be ${expected}, got ${shown}`));
      expect(owner[setting]).toBe(before);
    }
    owner[setting] = 0.25;
    expect(owner[setting]).toBe(0.25);
  });
});

describe("other settings", () => {
  it("are checked as well", () => {
    const sgd = new SGD([parameter()]) as unknown as Settings;
    expect(() => Object.assign(sgd, { momentum: 0.9 })).toThrow(
      new ArgumentError("SGD", "momentum must be 0, as it was when this optimizer was made, got 0.9"),
    );
    expect(() => Object.assign(sgd, { nesterov: "yes" })).toThrow(
      new ArgumentError("SGD", 'nesterov must be true or false, got "yes"'),
    );
    const adam = new Adam([parameter()]);
    expect(() => Object.assign(adam, { convention: "tf" })).toThrow(
      new ArgumentError("Adam", 'convention must be "keras" or "pytorch", got "tf"'),
    );
    expect([sgd.momentum, sgd.nesterov, adam.convention]).toEqual([0, false, "keras"]);
  });

  it("refuse as options what only looks like a number", () => {
    const text = "0.1" as unknown as number;
    expect(() => new Adam([parameter()], { learningRate: text })).toThrow(
      'Adam: learningRate must be a number in [0, Infinity), got "0.1"',
    );
    expect(() => new LeakyReLU({ negativeSlope: Number.NaN })).toThrow(
      "LeakyReLU: negativeSlope must be a finite number, got NaN",
    );
  });
});

describe("settings that change between steps", () => {
  const step = (optimizer: Optimizer, gradient: number) => {
    const [p] = optimizer.parameters as readonly [Parameter];
    optimizer.applyGradients(new Map([[p, tensor([gradient])]]));
    return p.dataSync()[0] as number;
  };

  it("count from the next step on: Adam's βs in the correction of the bias too", () => {
    const [p, q] = [new Parameter(tensor([1]), "p"), new Parameter(tensor([1]), "q")];
    const adam = new Adam([p, q], { learningRate: 0.5, beta1: 0.5, beta2: 0.75, epsilon: 1 });
    adam.applyGradients(new Map([[p, tensor([4])]]));
    Object.assign(adam, { beta1: 0, beta2: 0.5 });
    // q is at its first step as p was, with other corrections: m = 4, v = 8: 1 − ½·√(1 − ½)·4 / (√8 + 1)
    adam.applyGradients(new Map([[q, tensor([4])]]));
    expect(q.dataSync()[0]).toBeCloseTo(1 - (0.5 * Math.sqrt(0.5) * 4) / (Math.sqrt(8) + 1), 6);
  });

  it("may take a momentum to 0 and back", () => {
    const sgd = new SGD([new Parameter(tensor([0]), "p")], { learningRate: 1, momentum: 0.5 });
    expect(step(sgd, 4)).toBe(-4);
    sgd.momentum = 0;
    expect(step(sgd, 2)).toBe(-6);
    sgd.momentum = 0.5;
    // u = ½·2 + 1
    expect(step(sgd, 1)).toBe(-8);
  });

  const MAKERS: [string, (parameters: Parameter[]) => Optimizer, readonly string[]][] = [
    ["SGD", (p) => new SGD(p), ["learningRate"]],
    ["SGD with momentum", (p) => new SGD(p, { momentum: 0.9 }), ["learningRate", "momentum"]],
    ["RMSprop", (p) => new RMSprop(p), ["learningRate", "decay", "epsilon"]],
    ["Adam", (p) => new Adam(p), ["learningRate", "beta1", "beta2", "epsilon"]],
  ];

  /** A model that a schedule trains: its settings change before each step. */
  const scheduled = (make: (parameters: Parameter[]) => Optimizer, names: readonly string[]) => {
    const own = new Random(5);
    const model = new Sequential([new Dense(2, 3, { random: own }), new Dense(3, 1, { random: own })]);
    const optimizer = make(model.parameters());
    const train = (from: number, to: number, changes = true) => {
      for (let i = from; i < to; i++) {
        if (changes) for (const [k, name] of names.entries()) Object.assign(optimizer, { [name]: 0.1 / (i + k + 1) });
        optimizer.minimize(() =>
          model
            .apply(tensor([[1, -2]]))
            .square()
            .mean(),
        );
      }
    };
    const settings = () => names.map((name) => Reflect.get(optimizer, name) as unknown);
    return { model, optimizer, train, settings };
  };

  it.each(MAKERS)("come back with the state of %s, and the run goes on in the same bits", async (_, make, names) => {
    const [whole, killed, resumed] = [1, 2, 3].map(() => scheduled(make, names)) as [
      ReturnType<typeof scheduled>,
      ReturnType<typeof scheduled>,
      ReturnType<typeof scheduled>,
    ];
    // the schedule ends where the run is killed: what it left behind decides the rest
    whole.train(0, 4);
    whole.train(4, 8, false);
    killed.train(0, 4);
    const bytes = await writeCheckpoint({ models: { m: killed.model }, optimizers: { o: killed.optimizer } });
    await (await readCheckpoint(bytes)).restore({ models: { m: resumed.model }, optimizers: { o: resumed.optimizer } });
    expect(resumed.settings()).toEqual(killed.settings());
    expect(resumed.settings()).not.toEqual(scheduled(make, names).settings());
    resumed.train(4, 8, false);
    expect(bits(resumed.model)).toEqual(bits(whole.model));
    expect(bits(resumed.optimizer)).toEqual(bits(whole.optimizer));
  });

  it("are exact on the way through any state: every double, in float32, and by a backend that answers later", async () => {
    const later = new StrictBackend({ synchronous: false });
    const make = () => new Adam([parameter()]);
    const rate = fc.double({ min: 0, max: Number.MAX_VALUE, noNaN: true });
    await fc.assert(
      fc.asyncProperty(rate, async (learningRate) => {
        const [from, to, slow] = [make(), make(), withBackend(later, make)];
        from.learningRate = learningRate;
        await to.loadStateDict(fromArrays(await toArrays(from.stateDict())));
        expect(to.learningRate).toBe(learningRate);
        slow.learningRate = learningRate;
        const other = withBackend(later, make);
        await other.loadStateDict(slow.stateDict());
        expect(other.learningRate).toBe(learningRate);
      }),
      runs(),
    );
  });

  it("stay as they are where a state of an earlier version lacks them", async () => {
    const [from, to] = [new Adam([parameter()]), new Adam([parameter()], { learningRate: 0.3, beta1: 0.2 })];
    from.applyGradients(new Map([[from.parameters[0] as Parameter, tensor([1, 2, 3])]]));
    const former = [...from.stateDict()].filter(([name]) => name.startsWith("0."));
    await to.loadStateDict(new Map(former));
    expect([to.learningRate, to.beta1]).toEqual([0.3, 0.2]);
    expect(to.stateDict().get("0.step")?.itemSync()).toBe(1);
  });

  it("refuse in a state what they refuse elsewhere, and nothing changes", async () => {
    const optimizer = new SGD([parameter()]);
    const before = bits(optimizer);
    const words = (...values: number[]) => tensor(values);
    const refused: [string, Tensor, string][] = [
      // −1, NaN and ∞ in bits, and what are no bits
      ["learningRate", words(0xbff0, 0, 0, 0), `learningRate must be ${FROM_0}, got -1`],
      ["learningRate", words(0x7ff8, 0, 0, 0), `learningRate must be ${FROM_0}, got NaN`],
      ["learningRate", words(0x7ff0, 0, 0, 0), `learningRate must be ${FROM_0}, got Infinity`],
      ["learningRate", words(0.5, 0, 0, 0), `learningRate must be ${FROM_0}, got NaN`],
      ["learningRate", words(65536, 0, 0, 0), `learningRate must be ${FROM_0}, got NaN`],
      ["momentum", words(0x3fe0, 0, 0, 0), "momentum must be 0, as it was when this optimizer was made, got 0.5"],
      ["learningRate", tensor(0.1), "does not fit the optimizer: wrong shape: learningRate is [], expected [4]"],
      ["rate", tensor(0.1), "does not fit the optimizer: unexpected: rate"],
    ];
    for (const [name, value, message] of refused) {
      const state = new Map(optimizer.stateDict()).set("0.step", tensor(7)).set(name, value);
      await expect(optimizer.loadStateDict(state)).rejects.toThrow(new StateError("loadStateDict", message));
      expect(bits(optimizer)).toEqual(before);
    }
  });

  it("refuse anything at any step, and the run goes on as if nothing had been", () => {
    const garbage = fc.anything().filter((value) => !(typeof value === "number" && value >= 0 && value < Infinity));
    const changes = fc.array(fc.tuple(fc.nat(5), fc.nat(9), garbage), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.constantFrom(...MAKERS), changes, ([_, make, names], all) => {
        const [disturbed, calm] = [scheduled(make, names), scheduled(make, names)];
        for (let i = 0; i < 6; i++) {
          for (const [at, which, value] of all) {
            if (at !== i) continue;
            const name = names[which % names.length] as string;
            const before = bits(disturbed.optimizer);
            expect(() => Object.assign(disturbed.optimizer, { [name]: value })).toThrow(ArgumentError);
            expect(bits(disturbed.optimizer)).toEqual(before);
          }
          disturbed.train(i, i + 1, false);
          calm.train(i, i + 1, false);
        }
        expect(bits(disturbed.model)).toEqual(bits(calm.model));
        expect(bits(disturbed.optimizer)).toEqual(bits(calm.optimizer));
      }),
      runs(),
    );
  });
});
