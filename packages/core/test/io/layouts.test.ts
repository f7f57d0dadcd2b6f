// State dictionaries in the layouts of PyTorch and Keras: names, transposes, the way back, and what is refused.

import {
  ArgumentError,
  BatchNorm,
  Conv2d,
  ConvTranspose2d,
  Dense,
  Embedding,
  Flatten,
  LayerNorm,
  LeakyReLU,
  Module,
  Parameter,
  Random,
  ReferenceBackend,
  Reshape,
  randomNormal,
  Sequential,
  Sigmoid,
  type StateDict,
  StateError,
  scope,
  Tanh,
  type Tensor,
  tensor,
  withBackend,
} from "@adjoint/core";
import {
  fromArrays,
  fromLayout,
  type Layout,
  layouts,
  openSafetensors,
  toArrays,
  toLayout,
  writeSafetensors,
} from "@adjoint/core/io";
import { describe, expect, it } from "vitest";

const random = new Random(5);

function dense(inFeatures: number, outFeatures: number, bias = true): Dense {
  return new Dense(inFeatures, outFeatures, {
    random,
    bias,
    biasInitializer: ({ shape }) => randomNormal(shape, { random }),
  });
}

/** The networks of the GAN. */
function generator(): Sequential {
  const layers = [dense(100, 128), new LeakyReLU(), dense(128, 784), new Tanh(), new Reshape([28, 28, 1])];
  return new Sequential(layers, { name: "generator" });
}

function discriminator(): Sequential {
  const layers = [new Flatten(), dense(784, 128), new LeakyReLU(), dense(128, 1), new Sigmoid()];
  return new Sequential(layers, { name: "discriminator" });
}

function shapes(state: StateDict): Record<string, readonly number[]> {
  return Object.fromEntries([...state].map(([name, { shape }]) => [name, shape]));
}

function values(state: StateDict): Record<string, number[]> {
  return Object.fromEntries([...state].map(([name, value]) => [name, Array.from(value.dataSync())]));
}

/** A layer whose parameter no other library knows, around one that all know. */
class Scaled extends Module {
  readonly kind = "Scaled";
  readonly scale = new Parameter(tensor([2]), "scale");
  readonly inner = dense(1, 1);
  forward(x: Tensor): Tensor {
    return this.inner.apply(x.mul(this.scale));
  }
}

describe("toLayout", () => {
  it("has the GAN as nn.Sequential has it: weights [out, in], by the places of the layers", () => {
    expect(shapes(toLayout(generator(), "pytorch"))).toEqual({
      "0.weight": [128, 100],
      "0.bias": [128],
      "2.weight": [784, 128],
      "2.bias": [784],
    });
    expect(Object.keys(shapes(toLayout(discriminator(), "pytorch")))).toEqual([
      "1.weight",
      "1.bias",
      "3.weight",
      "3.bias",
    ]);
  });

  it("has the GAN as Keras has it: kernels [in, out], by the layers' names", () => {
    expect(shapes(toLayout(discriminator(), "keras"))).toEqual({
      "dense/kernel": [784, 128],
      "dense/bias": [128],
      "dense_1/kernel": [128, 1],
      "dense_1/bias": [1],
    });
  });

  it("transposes for PyTorch and leaves the rest as it is", () => {
    const layer = dense(3, 2);
    layer.kernel.assign(
      tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    );
    layer.bias?.assign(tensor([7, 8]));
    const model = new Sequential([layer]);
    expect(values(toLayout(model, "pytorch"))).toEqual({ "0.weight": [1, 3, 5, 2, 4, 6], "0.bias": [7, 8] });
    expect(values(toLayout(model, "keras"))).toEqual({ "dense/kernel": [1, 2, 3, 4, 5, 6], "dense/bias": [7, 8] });
    expect(values(toLayout(model, "adjoint"))).toEqual(values(model.stateDict()));
  });

  it("goes into models inside of models, and leaves out a bias that is not there", () => {
    const model = new Sequential([new Sequential([dense(2, 2), new Tanh()]), dense(2, 3, false)]);
    expect(Object.keys(shapes(toLayout(model, "pytorch")))).toEqual(["0.0.weight", "0.0.bias", "1.weight"]);
    expect(Object.keys(shapes(toLayout(model, "keras")))).toEqual(["dense/kernel", "dense/bias", "dense_1/kernel"]);
    expect(Object.keys(shapes(toLayout(dense(2, 3), "pytorch")))).toEqual(["weight", "bias"]);
  });

  it("has a layer in two places twice for PyTorch and once for Keras, as they do", () => {
    const shared = dense(2, 2, false);
    const model = new Sequential([shared, new Tanh(), shared, dense(2, 1, false)]);
    expect(Object.keys(shapes(toLayout(model, "pytorch")))).toEqual(["0.weight", "2.weight", "3.weight"]);
    expect(Object.keys(shapes(toLayout(model, "keras")))).toEqual(["dense/kernel", "dense_1/kernel"]);
  });

  it("gives a copy that no scope takes back and later training does not change", () => {
    const model = new Sequential([dense(2, 2)]);
    const kept: StateDict[] = [];
    scope(() => void kept.push(toLayout(model, "pytorch")));
    const state = kept[0] as StateDict;
    const before = values(state);
    for (const parameter of model.parameters()) parameter.assign(parameter.mul(0));
    expect(values(state)).toEqual(before);
    expect(before["0.bias"]).not.toEqual([0, 0]);
  });

  it("refuses parameters that have no form there, naming all of them", () => {
    const model = new Sequential([dense(1, 1), new Scaled(), new Scaled()], { name: "net" });
    const convert = () => toLayout(model, "keras");
    expect(convert).toThrow(StateError);
    expect(convert).toThrow("toLayout: net has parameters without a keras form: 1.scale, 2.scale");
    expect(toLayout(model, "adjoint").size).toBe(8);
  });

  it("refuses a layout that there is not", () => {
    const convert = () => toLayout(dense(1, 1), "jax" as Layout);
    expect(convert).toThrow(ArgumentError);
    expect(convert).toThrow('toLayout: the layout must be one of adjoint, pytorch, keras, got "jax"');
  });
});

describe("fromLayout", () => {
  it.each(layouts)("is the way back, bit for bit: %s", (layout) => {
    const [model, other] = [generator(), generator()];
    expect(values(other.stateDict())).not.toEqual(values(model.stateDict()));
    other.loadStateDict(fromLayout(other, toLayout(model, layout), layout));
    expect(values(other.stateDict())).toEqual(values(model.stateDict()));
  });

  it.each(layouts)("is the way back by a file: %s", async (layout) => {
    const [model, other] = [discriminator(), discriminator()];
    const bytes = writeSafetensors(await toArrays(toLayout(model, layout)));
    const arrays = await (await openSafetensors(bytes)).readAll();
    other.loadStateDict(fromLayout(other, fromArrays(arrays), layout));
    expect(values(other.stateDict())).toEqual(values(model.stateDict()));
  });

  it("takes a square weight transposed too, where a mistake would go unnoticed", () => {
    const layer = dense(2, 2);
    const state = new Map([
      [
        "weight",
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ],
      ["bias", tensor([5, 6])],
    ]);
    layer.loadStateDict(fromLayout(layer, state, "pytorch"));
    expect(values(layer.stateDict())).toEqual({ kernel: [1, 3, 2, 4], bias: [5, 6] });
  });

  it("lists every missing, unexpected and misshapen name of the other library at once, and changes nothing", () => {
    const model = generator();
    const before = values(model.stateDict());
    const state = new Map(toLayout(model, "pytorch"));
    state.delete("0.bias");
    state.delete("2.bias");
    state.set("2.weight", toLayout(model, "keras").get("dense_1/kernel") as Tensor);
    state.set("4.weight", tensor([1]));
    const load = () => model.loadStateDict(fromLayout(model, state, "pytorch"));
    expect(load).toThrow(StateError);
    expect(load).toThrow(
      "fromLayout: does not fit generator: missing: 0.bias, 2.bias; unexpected: 4.weight; " +
        "wrong shape: 2.weight is [128,784], expected [784,128]",
    );
    expect(values(model.stateDict())).toEqual(before);
  });

  it("refuses a state in another layout, and parameters that have no form there", () => {
    const model = new Sequential([dense(2, 3)]);
    expect(() => fromLayout(model, toLayout(model, "pytorch"), "keras")).toThrow(
      "fromLayout: does not fit Sequential: missing: dense/kernel, dense/bias; unexpected: 0.weight, 0.bias",
    );
    expect(() => fromLayout(model, toLayout(model, "pytorch"), "adjoint")).toThrow(
      "fromLayout: does not fit Sequential: missing: 0.kernel; unexpected: 0.weight",
    );
    expect(() => fromLayout(new Scaled(), new Map(), "pytorch")).toThrow(
      "fromLayout: Scaled has parameters without a pytorch form: scale",
    );
  });

  it("goes from one backend and element type to another", () => {
    const model = generator();
    const double = withBackend(new ReferenceBackend({ dtype: "float64" }), generator);
    double.loadStateDict(fromLayout(double, toLayout(model, "pytorch"), "pytorch"));
    expect(values(double.stateDict())).toEqual(values(model.stateDict()));
  });
});

describe("toArrays", () => {
  it("reads what the values are when it is called, rounded to float32", async () => {
    const layer = withBackend(new ReferenceBackend({ dtype: "float64" }), () => dense(2, 1));
    layer.bias?.assign(tensor([1 / 3]));
    const reading = toArrays(layer.namedParameters());
    layer.bias?.assign(tensor([1]));
    expect((await reading).get("bias")).toEqual({ shape: [1], data: Float32Array.of(1 / 3) });
  });
});

describe("the layers of image networks", () => {
  const model = () =>
    new Sequential([
      new Conv2d(4, 6, [2, 3], { random, groups: 2 }),
      new BatchNorm(6),
      new ConvTranspose2d(6, 5, [3, 2], { random }),
      new LayerNorm(5),
      new Embedding(7, 3, { random }),
    ]);

  it("have the names and shapes that PyTorch gives them", () => {
    expect(shapes(toLayout(model(), "pytorch"))).toEqual({
      ...{ "0.weight": [6, 2, 2, 3], "0.bias": [6] },
      ...{ "1.weight": [6], "1.bias": [6], "1.running_mean": [6], "1.running_var": [6] },
      ...{ "2.weight": [6, 5, 3, 2], "2.bias": [5], "3.weight": [5], "3.bias": [5], "4.weight": [7, 3] },
    });
  });

  it("have the names and shapes that Keras gives them", () => {
    expect(shapes(toLayout(model(), "keras"))).toEqual({
      ...{ "conv2d/kernel": [2, 3, 2, 6], "conv2d/bias": [6] },
      ...{ "batch_normalization/gamma": [6], "batch_normalization/beta": [6] },
      ...{ "batch_normalization/moving_mean": [6], "batch_normalization/moving_variance": [6] },
      ...{ "conv2d_transpose/kernel": [3, 2, 5, 6], "conv2d_transpose/bias": [5] },
      ...{ "layer_normalization/gamma": [5], "layer_normalization/beta": [5], "embedding/embeddings": [7, 3] },
    });
  });

  it.each(["pytorch", "keras"] as const)("come back from %s as they were", (layout) => {
    const [one, other] = [model(), model()];
    other.loadStateDict(fromLayout(other, toLayout(one, layout), layout));
    const all = (of: Sequential) => [...of.stateDict()].map(([name, value]) => [name, ...value.dataSync()]);
    expect(all(other)).toEqual(all(one));
  });

  it("are taken from PyTorch with its count of batches, which nothing depends on", () => {
    const one = model();
    const state = new Map([...toLayout(one, "pytorch"), ["1.num_batches_tracked", tensor(3)]]);
    expect([...fromLayout(one, state, "pytorch").keys()]).toEqual([...one.namedVariables().keys()]);
    expect(() => fromLayout(one, new Map([...state, ["1.running_max", tensor(3)]]), "pytorch")).toThrow(
      "unexpected: 1.running_max",
    );
  });
});
