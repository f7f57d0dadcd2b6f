// Models: how their parameters are found and named, saved and loaded, counted and printed.

import {
  Dense,
  Dropout,
  Flatten,
  LeakyReLU,
  Module,
  ones,
  Parameter,
  Random,
  ReLU,
  Reshape,
  Sequential,
  Sigmoid,
  StateError,
  Tanh,
  type Tensor,
  tensor,
  useBackend,
  valueAndGradients,
  withBackend,
  zeros,
} from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StrictBackend } from "./support/strict-backend.js";

const random = () => new Random(7);
const values = (x: Tensor) => Array.from(x.dataSync());
const names = (model: Module) => [...model.namedParameters().keys()];

beforeAll(async () => {
  await useBackend("reference:float64");
});

afterAll(async () => {
  await useBackend("reference");
});

/** A model of one's own: a scale, two blocks in an array, and a head. */
class Net extends Module {
  readonly kind = "Net";
  readonly scale = new Parameter(tensor([2, 3]), "scale");
  readonly blocks: readonly Module[];
  readonly offsets = [new Parameter(tensor([1]), "offset"), new Parameter(tensor([-1]), "offset")];
  readonly head = new Dense(2, 1, { random: random(), bias: false });

  constructor(options: { name?: string } = {}) {
    super(options);
    const inner = new Sequential([new Dense(2, 2, { random: random() }), new Tanh()]);
    this.blocks = [inner, new Dropout(0.5, { random: random() })];
  }

  forward(x: Tensor): Tensor {
    const scaled = x
      .mul(this.scale)
      .add(this.offsets[0] as Parameter)
      .add(this.offsets[1] as Parameter);
    return this.head.apply(this.blocks.reduce((value, block) => block.apply(value), scaled));
  }
}

const NET_PARAMETERS = ["scale", "offsets.0", "offsets.1", "blocks.0.0.kernel", "blocks.0.0.bias", "head.kernel"];

describe("parameters", () => {
  it("are found among the fields, in arrays and in modules inside, and named by where they are", () => {
    const net = new Net();
    expect(names(net)).toEqual(NET_PARAMETERS);
    expect(net.parameters()).toEqual([...net.namedParameters().values()]);
    expect(net.parameters().map(({ name }) => name)).toEqual(NET_PARAMETERS);
  });

  it("carry the name of the outermost model in messages, and not in state dictionaries", () => {
    const net = new Net({ name: "net" });
    const outer = new Sequential([net], { name: "outer" });
    expect(net.scale.name).toBe("outer.0.scale");
    expect(net.scale.label).toBe('the parameter "outer.0.scale"');
    expect(names(outer)[0]).toBe("0.scale");
    expect(names(net)[0]).toBe("scale");
    expect(net.scale.name).toBe("outer.0.scale");
  });

  it("that are shared come once, under the first of their names", () => {
    const shared = new Dense(2, 2, { random: random() });
    const tied = new Dense(2, 2, { random: random() });
    Object.assign(tied, { kernel: shared.kernel });
    const model = new Sequential([shared, new ReLU(), shared, tied]);
    expect(names(model)).toEqual(["0.kernel", "0.bias", "3.bias"]);
    expect(model.parameterCount().total).toBe(4 + 2 + 2);
    const { gradients: found } = valueAndGradients(() => model.apply(ones([1, 2])).sum(), model.parameters());
    expect(found).toHaveLength(3);
  });

  it("are found once also where a module leads back to one that holds it", () => {
    const inner = new Net();
    const outer = new Sequential([inner]);
    Object.assign(inner, { owner: outer });
    expect(names(outer)).toEqual(NET_PARAMETERS.map((name) => `0.${name}`));
    expect(outer.eval().training).toBe(false);
  });

  it("are counted, trainable and frozen", () => {
    const net = new Net();
    expect(net.parameterCount()).toEqual({ trainable: 12, frozen: 0, total: 12 });
    net.head.freeze();
    expect(net.parameterCount()).toEqual({ trainable: 10, frozen: 2, total: 12 });
    expect(net.freeze().parameterCount()).toEqual({ trainable: 0, frozen: 12, total: 12 });
    expect(net.unfreeze().parameterCount()).toEqual({ trainable: 12, frozen: 0, total: 12 });
  });

  it("copy the tensor they are made of", () => {
    const start = tensor([1, 2]);
    const parameter = new Parameter(start, "p");
    parameter.assign(tensor([5, 6]));
    expect(values(start)).toEqual([1, 2]);
    expect(() => parameter.assign(tensor([1]))).toThrow('assign: the parameter "p" is [2], got [1]');
    parameter.assign(tensor([0.1, 0.2], { dtype: "float32" }));
    expect(values(parameter)).toEqual([Math.fround(0.1), Math.fround(0.2)]);
  });
});

describe("stateDict and loadStateDict", () => {
  it("carry all values over, bit for bit", () => {
    const [a, b] = [new Net(), new Net()];
    for (const parameter of a.parameters()) parameter.assign(parameter.add(Math.PI));
    b.loadStateDict(a.stateDict());
    expect(b.parameters().map(values)).toEqual(a.parameters().map(values));
  });

  it("take a snapshot: later training does not change it, and loading it does not tie it", () => {
    const net = new Net();
    const state = net.stateDict();
    net.scale.assign(tensor([8, 9]));
    expect(values(state.get("scale") as Tensor)).toEqual([2, 3]);
    net.loadStateDict(state);
    net.scale.assign(tensor([0, 0]));
    expect(values(state.get("scale") as Tensor)).toEqual([2, 3]);
  });

  it("list all that does not fit, and change nothing", () => {
    const net = new Net({ name: "net" });
    const before = net.parameters().map(values);
    const state = new Map(net.stateDict());
    state.set("scale", tensor([[8], [9]]));
    state.set("offsets.1", tensor([1, 2, 3]));
    state.set("blocks.0.0.bias", "not a tensor" as never);
    state.set("offsets.0", tensor([77]));
    for (const name of ["blocks.0.0.kernel", "head.kernel"]) state.delete(name);
    state.set("head.bias", zeros([1]));
    state.set("tail", zeros([1]));
    const load = () => net.loadStateDict(state);
    expect(load).toThrow(StateError);
    expect(load).toThrow(
      "loadStateDict: does not fit net: missing: blocks.0.0.kernel, head.kernel; unexpected: head.bias, tail; " +
        "wrong shape: scale is [2,1], expected [2], offsets.1 is [3], expected [1], blocks.0.0.bias is no tensor, expected [2]",
    );
    expect(net.parameters().map(values)).toEqual(before);
  });

  it("change nothing where the last of the tensors was released", () => {
    const net = new Net();
    const before = net.parameters().map(values);
    const state = new Map([...net.stateDict()].map(([name, value]) => [name, value.add(1)]));
    state.get("head.kernel")?.dispose();
    expect(() => net.loadStateDict(state)).toThrow("loadStateDict: the tensor made by add was disposed");
    expect(net.parameters().map(values)).toEqual(before);
  });

  it("go from one backend to another", () => {
    const net = new Net();
    const elsewhere = withBackend(new StrictBackend({ dtype: "float32" }), () => new Net());
    elsewhere.loadStateDict(net.stateDict());
    expect(values(elsewhere.head.kernel)).toEqual(values(net.head.kernel).map(Math.fround));
    expect(elsewhere.head.kernel.dtype).toBe("float32");
  });

  it("leave nothing behind where values were converted", () => {
    const backend = new StrictBackend({ dtype: "float32" });
    const elsewhere = withBackend(backend, () => new Net());
    const before = backend.live.size;
    elsewhere.loadStateDict(new Net().stateDict());
    elsewhere.head.kernel.assign(new Net().head.kernel);
    expect(backend.live.size).toBe(before);
  });
});

describe("train and eval", () => {
  it("reach every module inside, and return the model", () => {
    const net = new Net();
    const all = [net, ...net.blocks, ...(net.blocks[0] as Sequential).layers, net.head];
    expect(all.map(({ training }) => training)).toEqual(all.map(() => true));
    expect(net.eval()).toBe(net);
    expect(all.map(({ training }) => training)).toEqual(all.map(() => false));
    expect(net.train()).toBe(net);
    expect(all.map(({ training }) => training)).toEqual(all.map(() => true));
  });
});

describe("summary", () => {
  it("of the GAN's generator is this table", () => {
    const layers = [
      new Dense(100, 128, { random: random() }),
      new LeakyReLU({ negativeSlope: 0.01 }),
      new Dense(128, 784, { random: random() }),
      new Tanh(),
      new Reshape([28, 28, 1]),
    ];
    const text = new Sequential(layers, { name: "generator" }).summary([100]);
    expect(`${text}\n`).toBe(`generator
────────────────────────────────────────────────────
Layer  Kind       Output shape     Trainable  Frozen
────────────────────────────────────────────────────
0      Dense      [batch,128]         12,928       0
1      LeakyReLU  [batch,128]              0       0
2      Dense      [batch,784]        101,136       0
3      Tanh       [batch,784]              0       0
4      Reshape    [batch,28,28,1]          0       0
────────────────────────────────────────────────────
Total                                114,064       0
`);
  });

  it("of the GAN's discriminator, frozen, is this table", () => {
    const layers = [
      new Flatten(),
      new Dense(784, 128, { random: random() }),
      new LeakyReLU({ negativeSlope: 0.01 }),
      new Dense(128, 1, { random: random() }),
      new Sigmoid(),
    ];
    const discriminator = new Sequential(layers, { name: "discriminator" }).freeze();
    expect(`${discriminator.summary([28, 28, 1])}\n`).toBe(`discriminator
──────────────────────────────────────────────────
Layer  Kind       Output shape  Trainable   Frozen
──────────────────────────────────────────────────
0      Flatten    [batch,784]           0        0
1      Dense      [batch,128]           0  100,480
2      LeakyReLU  [batch,128]           0        0
3      Dense      [batch,1]             0      129
4      Sigmoid    [batch,1]             0        0
──────────────────────────────────────────────────
Total                                   0  100,609
`);
  });

  it("of a model of one's own lists its modules by their fields, and restores the modes they were in", () => {
    const net = new Net();
    net.head.freeze();
    net.blocks[1]?.eval();
    expect(`${net.summary([2])}\n`).toBe(`Net
─────────────────────────────────────────────────────
Layer     Kind        Output shape  Trainable  Frozen
─────────────────────────────────────────────────────
(own)     Net         [batch,1]             4       0
blocks.0  Sequential  [batch,2]             6       0
blocks.1  Dropout     [batch,2]             0       0
head      Dense       [batch,1]             0       2
─────────────────────────────────────────────────────
Total                                      10       2
`);
    expect([net.training, ...net.blocks.map(({ training }) => training)]).toEqual([true, true, false]);
  });

  it("of a single layer has that layer's row", () => {
    expect(`${new Dense(2, 3, { random: random() }).summary([2])}\n`).toBe(`Dense
─────────────────────────────────────────────
Layer  Kind   Output shape  Trainable  Frozen
─────────────────────────────────────────────
(own)  Dense  [batch,3]             9       0
─────────────────────────────────────────────
Total                               9       0
`);
  });

  it("counts once what is shared or applied twice, and has a row for what is not applied", () => {
    class Shared extends Module {
      readonly kind = "Shared";
      readonly first = new Dense(2, 2, { random: random() });
      readonly tied = Object.assign(new Dense(2, 2, { random: random() }), { kernel: this.first.kernel });
      readonly unused = new Dense(3, 1, { random: random() });
      readonly idle = new Tanh();
      readonly scale = this.first.bias;
      readonly self = this;
      readonly again = this.first;
      forward(x: Tensor): Tensor {
        return this.first.apply(this.tied.apply(this.first.apply(x)));
      }
    }
    expect(`${new Shared().summary([2])}\n`).toBe(
      `Shared
─────────────────────────────────────────────
Layer   Kind   Output shape  Trainable  Frozen
─────────────────────────────────────────────
first   Dense  [batch,2]             6       0
tied    Dense  [batch,2]             2       0
first   Dense  [batch,2]             0       0
unused  Dense  not applied           4       0
─────────────────────────────────────────────
Total                               12       0
`.replaceAll("─────────────────────────────────────────────", "─".repeat(46)),
    );
  });

  it.each([
    ["containers", () => Object.assign(new Net(), { extra: { list: [new Parameter(ones([7]), "extra")] } })],
    ["a model in a model", () => new Sequential([new Net(), new Net()])],
    [
      "a layer twice",
      (net = new Net()) =>
        new Sequential([new Dense(2, 2, { random: random() }), net.blocks[0] as Module, net.blocks[0] as Module]),
    ],
  ])("has rows that add up to the total: %s", (_, build) => {
    const model = build();
    model.parameters()[0]?.freeze();
    const lines = model.summary([2]).split("\n").slice(4);
    const numbers = lines.filter((line) => /\d$/.test(line)).map((line) => line.split(/\s+/).slice(-2).map(Number));
    const totals = numbers.pop();
    const { trainable, frozen } = model.parameterCount();
    expect(totals).toEqual([trainable, frozen]);
    expect([0, 1].map((column) => numbers.reduce((sum, row) => sum + (row[column] as number), 0))).toEqual(totals);
  });

  it("changes nothing: no random number is drawn, not even by Dropout", () => {
    const generator = random();
    const model = new Sequential([new Dropout(0.5, { random: generator })]);
    model.summary([3]);
    expect(generator.state()).toEqual(random().state());
  });

  it("may be asked for while another is made", () => {
    class Curious extends Module {
      readonly kind = "Curious";
      readonly inside = new Sequential([new Tanh()]);
      forward(x: Tensor): Tensor {
        this.inside.summary([2]);
        return this.inside.apply(x);
      }
    }
    const model = new Sequential([new Curious(), new ReLU()]);
    expect(model.summary([2]).split("\n").slice(4, 6)).toEqual([
      "0      Curious  [batch,2]             0       0",
      "1      ReLU     [batch,2]             0       0",
    ]);
    expect(new Curious().summary([2])).toContain("inside  Sequential  [batch,2]");
  });

  it("refuses an input that does not fit, and restores the modes", () => {
    const net = new Net();
    expect(() => net.summary([3])).toThrow("mul: shapes do not broadcast: [1,3] × [2]");
    expect(net.training).toBe(true);
  });

  it("works for a model that lives on another backend than the current one", () => {
    const net = withBackend(new StrictBackend({ dtype: "float32" }), () => new Net());
    expect(net.summary([2])).toContain("[batch,1]");
  });
});
