// Optimizers step by step against PyTorch and Keras's formula (fixtures/training.json), their first steps by hand, and
// their state, which goes on in the same bits.

import { readFileSync } from "node:fs";
import {
  Adam,
  type AdamOptions,
  Dense,
  meanSquaredError,
  type Optimizer,
  Parameter,
  Random,
  RMSprop,
  type RMSpropOptions,
  Sequential,
  SGD,
  type SGDOptions,
  type StateDict,
  StateError,
  scope,
  type Tensor,
  tensor,
  useBackend,
  withBackend,
  zeros,
} from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bits } from "./support/bits.js";
import { StrictBackend } from "./support/strict-backend.js";

type Run = {
  readonly x: number[];
  readonly y: number[];
  readonly start: [number[], number[]];
  readonly after: number[][][];
} & (
  | { readonly name: "SGD"; readonly options: SGDOptions }
  | { readonly name: "RMSprop"; readonly options: RMSpropOptions }
  | { readonly name: "Adam"; readonly options: AdamOptions }
);

const fixture: { torch: string; optimizers: readonly Run[] } = JSON.parse(
  readFileSync(new URL("fixtures/training.json", import.meta.url), "utf8"),
);

const values = (x: Tensor) => Array.from(x.dataSync());

function build(run: Run, parameters: readonly Parameter[]): Optimizer {
  if (run.name === "SGD") return new SGD(parameters, run.options);
  return run.name === "Adam" ? new Adam(parameters, run.options) : new RMSprop(parameters, run.options);
}

/** The regression of the fixture: x · weight + bias against y. */
function regression(run: Run) {
  const weight = new Parameter(tensor(run.start[0]).reshape([3, 2]), "weight");
  const bias = new Parameter(tensor(run.start[1]), "bias");
  const [x, y] = [tensor(run.x).reshape([5, 3]), tensor(run.y).reshape([5, 2])];
  const optimizer = build(run, [weight, bias]);
  const step = () => optimizer.minimize(() => meanSquaredError(x.matmul(weight).add(bias), y));
  return { weight, bias, optimizer, step };
}

beforeAll(async () => {
  await useBackend("reference:float64");
});

afterAll(async () => {
  await useBackend("reference");
});

const runs = fixture.optimizers.map((run) => ({ ...run, title: `${run.name} ${JSON.stringify(run.options)}` }));

describe(`optimizers against PyTorch ${fixture.torch}`, () => {
  it.each(runs)("$title gives the same parameters after every step", (run) => {
    const { weight, bias, step } = regression(run);
    expect(run.after.length).toBeGreaterThan(5);
    for (const [t, expected] of run.after.entries()) {
      step();
      [weight, bias].forEach((parameter, i) => {
        values(parameter).forEach((actual, j) => {
          const wanted = expected[i]?.[j] as number;
          expect(Math.abs(actual - wanted), `${parameter.name}[${j}] after step ${t + 1}`).toBeLessThan(1e-13);
        });
      });
    }
  });
});

/** One parameter of the given values, and the optimizer's update of it by a gradient. */
function single(start: number[], make: (parameters: Parameter[]) => Optimizer) {
  const parameter = new Parameter(tensor(start), "p");
  const optimizer = make([parameter]);
  const apply = (gradient: number[]) => {
    optimizer.applyGradients(new Map([[parameter, tensor(gradient)]]));
    return values(parameter);
  };
  return { parameter, optimizer, apply };
}

describe("the first steps by hand", () => {
  it("SGD goes against the gradient by its rate", () => {
    const { apply } = single([1, 2], (p) => new SGD(p, { learningRate: 0.5 }));
    expect(apply([2, -4])).toEqual([0, 4]);
  });

  it("momentum keeps a part of the velocity, and Nesterov's looks ahead along it", () => {
    const plain = single([0], (p) => new SGD(p, { learningRate: 1, momentum: 0.5 }));
    expect([plain.apply([4]), plain.apply([4])]).toEqual([[-4], [-10]]);
    const ahead = single([0], (p) => new SGD(p, { learningRate: 1, momentum: 0.5, nesterov: true }));
    expect([ahead.apply([4]), ahead.apply([4])]).toEqual([[-6], [-13]]);
  });

  it("RMSprop divides by the root of the mean square", () => {
    const { apply } = single([1], (p) => new RMSprop(p, { learningRate: 0.5, decay: 0.75, epsilon: 1 }));
    // s = 0.25·16 = 4: 1 − 0.5·4 / (2 + 1)
    expect(apply([4])[0]).toBeCloseTo(1 - 2 / 3, 15);
  });

  it("Adam's forms differ by where ε stands", () => {
    const options = { learningRate: 0.5, beta1: 0.5, beta2: 0.75, epsilon: 1 };
    // m = 2, v = 4, √(1 − β₂) = ½: keras 1 − ½·½/½·2/(2 + 1); pytorch 1 − ½/½·2/(2/½ + 1)
    const keras = single([1], (p) => new Adam(p, { ...options, convention: "keras" }));
    expect(keras.apply([4])[0]).toBeCloseTo(1 - 1 / 3, 15);
    const pytorch = single([1], (p) => new Adam(p, { ...options, convention: "pytorch" }));
    expect(pytorch.apply([4])[0]).toBeCloseTo(1 - 2 / 5, 15);
    expect([
      new Adam([keras.parameter]).epsilon,
      new Adam([keras.parameter], { convention: "pytorch" }).epsilon,
    ]).toEqual([1e-7, 1e-8]);
  });

  it("a learning rate may be changed between steps", () => {
    const { optimizer, apply } = single([0], (p) => new SGD(p, { learningRate: 1 }));
    apply([1]);
    (optimizer as SGD).learningRate = 0.1;
    expect(apply([1])[0]).toBeCloseTo(-1.1, 15);
  });
});

describe("the state of an optimizer", () => {
  const makers: [string, (parameters: Parameter[]) => Optimizer][] = [
    ["SGD", (p) => new SGD(p)],
    ["SGD with momentum", (p) => new SGD(p, { momentum: 0.9, nesterov: true })],
    ["RMSprop", (p) => new RMSprop(p)],
    ["Adam", (p) => new Adam(p)],
    ["Adam in PyTorch's form", (p) => new Adam(p, { convention: "pytorch" })],
  ];

  const network = () => {
    const random = new Random(5);
    return new Sequential([new Dense(3, 4, { random }), new Dense(4, 1, { random })]);
  };
  const trainer = (model: Sequential, make: (parameters: Parameter[]) => Optimizer) => {
    const optimizer = make(model.parameters());
    const x = tensor([
      [1, 2, 3],
      [-1, 0.5, 2],
    ]);
    return { optimizer, step: () => optimizer.minimize(() => model.apply(x).square().mean()) };
  };

  it.each(makers)("of %s, saved and loaded in the middle of a run, goes on in the same bits", async (_, make) => {
    const model = network();
    const { optimizer, step } = trainer(model, make);
    for (let i = 0; i < 5; i++) step();
    const [weights, state] = [model.stateDict(), optimizer.stateDict()];
    for (let i = 0; i < 5; i++) step();

    const resumed = network();
    const other = trainer(resumed, make);
    resumed.loadStateDict(weights);
    await other.optimizer.loadStateDict(state);
    for (let i = 0; i < 5; i++) other.step();
    expect(bits(resumed)).toEqual(bits(model));
    expect(bits(other.optimizer)).toEqual(bits(optimizer));
  });

  it("names each memory by the parameter's place, and counts its steps", () => {
    const { optimizer, apply } = single([1, 2], (p) => new Adam(p));
    apply([1, 1]);
    apply([1, 1]);
    const state = optimizer.stateDict();
    expect([...state.keys()].sort()).toEqual(["0.m", "0.step", "0.v", "beta1", "beta2", "epsilon", "learningRate"]);
    expect(state.get("0.step")?.itemSync()).toBe(2);
    expect(state.get("0.m")?.shape).toEqual([2]);
  });

  it("is a snapshot that survives the scope it was taken in", () => {
    const { optimizer, apply } = single([1], (p) => new SGD(p, { momentum: 0.5 }));
    apply([1]);
    let state: StateDict = new Map();
    scope(() => {
      state = optimizer.stateDict();
    });
    apply([1]);
    expect(["0.velocity", "0.step"].map((name) => values(state.get(name) as Tensor))).toEqual([[1], [1]]);
  });

  it("refuses what does not fit, listing all of it, and changes nothing", async () => {
    const model = network();
    const { optimizer, step } = trainer(model, (p) => new Adam(p));
    step();
    const before = bits(optimizer);
    const state = new Map(optimizer.stateDict());
    for (const name of ["1.step", "2.v"]) state.delete(name);
    state
      .set("9.step", tensor(1))
      .set("0.velocity", zeros([3, 4]))
      .set("0.m", zeros([4, 3]))
      .set("3.step", zeros([2]));
    state.set("3.m", tensor([9]));
    const load = () => optimizer.loadStateDict(state);
    await expect(load).rejects.toThrow(StateError);
    await expect(load).rejects.toThrow(
      "loadStateDict: does not fit the optimizer: missing: 2.v, 1.step; unexpected: 9.step, 0.velocity; " +
        "wrong shape: 0.m is [4,3], expected [3,4], 3.step is [2], expected []",
    );
    const wrongCount = new Map(optimizer.stateDict()).set("2.step", tensor(1.5)).set("0.m", zeros([3, 4]));
    await expect(optimizer.loadStateDict(wrongCount)).rejects.toThrow(
      "loadStateDict: 2.step must be a whole number ≥ 0, got 1.5",
    );
    expect(bits(optimizer)).toEqual(before);
  });

  it("goes from and to a backend that answers asynchronously, which is asked before anything changes", async () => {
    const later = new StrictBackend({ synchronous: false });
    const make = () => new Adam([new Parameter(tensor([1, 2]), "p")]);
    const [first, second] = withBackend(later, () => [make(), make()]);
    const gradient = withBackend(later, () => tensor([3, -4]));
    first.applyGradients(new Map([[first.parameters[0] as Parameter, gradient]]));
    await second.loadStateDict(first.stateDict());
    const values = async (optimizer: Adam) =>
      Promise.all([...optimizer.stateDict()].map(async ([name, value]) => [name, await value.data()]));
    expect(await values(second)).toEqual(await values(first));

    const mixed = new Map(make().stateDict()).set("0.m", first.stateDict().get("0.m") as Tensor);
    const here = make();
    const before = bits(here);
    await expect(here.loadStateDict(mixed)).rejects.toThrow("dataSync: strict answers asynchronously");
    expect(bits(here)).toEqual(before);
  });
});
