// Where a module may keep its layers and parameters: in fields, and in arrays, plain objects, maps and sets there, nested.

import { runInNewContext } from "node:vm";
import {
  ArgumentError,
  Dense,
  Dropout,
  type Freezable,
  Module,
  ones,
  Parameter,
  Random,
  Sequential,
  SGD,
  StateError,
  scope,
  type Tensor,
  tensor,
  withFrozen,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { bits } from "./support/bits.js";

const random = new Random(3);
const dense = () => new Dense(2, 2, { random, bias: false });
const parameter = () => new Parameter(tensor([1, 2]), "p");

/** A module with the given field, which applies all that it holds one after the other. */
class Holder extends Module {
  readonly kind = "Holder";
  constructor(readonly held: unknown) {
    super();
  }
  forward(x: Tensor): Tensor {
    return [...this.children().values()].reduce((value, child) => (child as Module).apply(value), x);
  }
}

const variables = (held: unknown) => [...new Holder(held).namedVariables().keys()];
const children = (held: unknown) => [...new Holder(held).children().keys()];

/** Each kind of container around a value, and the key that the value has in it. */
const CONTAINERS: readonly [string, (value: unknown) => unknown, string][] = [
  ["array", (value) => [7, value], "1"],
  ["plain object", (value) => ({ other: "text", inner: value }), "inner"],
  ["object without a prototype", (value) => Object.assign(Object.create(null), { inner: value }), "inner"],
  ["map", (value) => new Map([["inner", value]]), "inner"],
  ["map with numbers as keys", (value) => new Map([[12, value]]), "12"],
  ["map with objects as keys", (value) => new Map([[{}, undefined] as const, [{}, value] as const]), "1"],
  ["set", (value) => new Set([null, value]), "1"],
  ["array of another realm", (value) => runInNewContext("[value]", { value }), "0"],
  ["object of another realm", (value) => runInNewContext("({ inner: value })", { value }), "inner"],
  ["map of another realm", (value) => runInNewContext("new Map([['inner', value]])", { value }), "inner"],
  ["set of another realm", (value) => runInNewContext("new Set([value])", { value }), "0"],
];

const PAIRS = CONTAINERS.flatMap((outer) => CONTAINERS.map((inner) => [inner[0], outer[0], outer, inner] as const));

describe.each(CONTAINERS)("a module in a field's %s", (_, wrap, key) => {
  it("is found, and named by its place", () => {
    expect(variables(wrap(dense()))).toEqual([`held.${key}.kernel`]);
    expect(variables(wrap(parameter()))).toEqual([`held.${key}`]);
    expect(children(wrap(dense()))).toEqual([`held.${key}`]);
  });

  it("is frozen, switched to evaluation, saved, loaded and counted", () => {
    const [dropout, layer] = [new Dropout(0.5, { random }), dense()];
    const holder = new Holder([wrap(dropout), wrap(layer)]);
    const before = bits(holder);
    const step = () =>
      new SGD(layer.parameters(), { learningRate: 1 }).minimize(() => holder.apply(ones([1, 2])).sum());
    expect(() => withFrozen(holder, step)).toThrow("all parameters of this optimizer are frozen");
    expect(bits(holder)).toEqual(before);
    expect(holder.eval() && dropout.training).toBe(false);
    const state = holder.stateDict();
    step();
    expect(bits(holder)).not.toEqual(before);
    holder.loadStateDict(state);
    expect(bits(holder)).toEqual(before);
    expect(holder.parameterCount().total).toBe(4);
    expect(holder.summary([2])).toContain(`held.1.${key}  Dense    [batch,2]             4       0`);
  });
});

describe("containers", () => {
  it.each(PAIRS)("nest: %s in %s", (_, __, [, outer, first], [, inner, second]) => {
    expect(variables(outer(inner(dense())))).toEqual([`held.${first}.${second}.kernel`]);
    expect(variables(outer(inner([parameter(), dense()])))).toEqual([
      `held.${first}.${second}.0`,
      `held.${first}.${second}.1.kernel`,
    ]);
  });

  it("may lead back to themselves, and be deeper than the call stack", () => {
    const node: Record<string, unknown> = { layer: dense() };
    node.self = node;
    node.list = [node, new Map([["up", node]]), new Set([node])];
    expect(variables(node)).toEqual(["held.layer.kernel"]);
    let chain: unknown = { last: parameter() };
    for (let i = 0; i < 20_000; i++) chain = [chain];
    expect(variables(chain)).toHaveLength(1);
  });

  it("that lead to each other in very many ways are entered once", () => {
    const nodes: { layer: Module; inputs: unknown[] }[] = [];
    for (let i = 0; i < 60; i++) nodes.push({ layer: dense(), inputs: nodes.slice(-2) });
    expect(variables(nodes[59])).toHaveLength(60);
  });

  it("keep what is not theirs to search: tensors, modules, instances of classes", () => {
    class Config {
      readonly layer = dense();
    }
    const inner = new Holder([dense()]);
    expect(variables({ a: tensor([1]), b: inner, c: new Config(), d: () => dense(), e: new Float32Array(3) })).toEqual([
      "held.b.held.0.kernel",
    ]);
  });

  it("give a module in two fields both names as a child, and its parameters the first", () => {
    const shared = [dense()];
    const holder = Object.assign(new Holder(shared), { again: shared });
    expect([...holder.children().keys()]).toEqual(["held.0", "again.0"]);
    expect([...holder.namedVariables().keys()]).toEqual(["held.0.kernel"]);
  });
});

describe("two parts with one name", () => {
  const message = (name: string) => `Holder: two of its parts are named "${name}"`;

  it.each([
    ["a key with a dot", { "a.b": parameter(), a: { b: parameter() } }, "held.a.b"],
    ["a key with a dot and a parameter inside", { a: dense(), "a.kernel": parameter() }, "held.a.kernel"],
    ["modules", { "a.b": dense(), a: { b: dense() } }, "held.a.b"],
    [
      "keys of a map",
      new Map<unknown, Module>([
        [1, dense()],
        ["1", dense()],
      ]),
      "held.1",
    ],
    [
      "a key that is a place",
      new Map<unknown, Module>([
        ["1", dense()],
        [{}, dense()],
      ]),
      "held.1",
    ],
  ])("are refused: %s", (_, held, name) => {
    const model = new Holder(held);
    for (const use of [() => model.parameters(), () => model.stateDict(), () => model.freeze()]) {
      expect(use).toThrow(StateError);
      expect(use).toThrow(message(name));
    }
  });

  it("are fine where they are one and the same", () => {
    const layer = dense();
    expect(variables({ "a.b": layer, a: { b: layer } })).toEqual(["held.a.b.kernel"]);
  });
});

describe("a class derived from Sequential", () => {
  class Wider extends Sequential {
    readonly head = dense();
    readonly scales = { first: parameter() };
  }

  it("has what is in its own fields, beside its layers", () => {
    expect([...new Wider([dense(), dense()]).namedVariables().keys()]).toEqual([
      "scales.first",
      "0.kernel",
      "1.kernel",
      "head.kernel",
    ]);
  });
});

describe("withFrozen", () => {
  it("takes containers of models and parameters, and what can be iterated", () => {
    const [a, b, c] = [dense(), dense(), parameter()];
    const states = () => [a.kernel, b.kernel, c].map(({ frozen }) => frozen);
    const all: Freezable[] = [
      { a, rest: [b, { c }] },
      new Map<string, Freezable>([
        ["a", a],
        ["more", new Set([b, c])],
      ]),
      [a, b, c].values(),
      [a.parameters(), [[b]], new Map([[1, c]]).values()],
    ];
    for (const target of all.slice(0, 3)) expect(withFrozen(target, states)).toEqual([true, true, true]);
    expect(states()).toEqual([false, false, false]);
  });

  it.each([
    ["nothing", undefined, "got undefined"],
    ["null in a list", [dense(), null], 'got null at "1"'],
    ["a tensor", tensor([1]), "got an object (Tensor)"],
    ["a number in a record", { a: dense(), rate: 3 }, 'got number at "rate"'],
    ["a function", () => dense(), "got function"],
    ["a text", "model", "got string"],
  ])("refuses %s, and freezes nothing", (_, target, message) => {
    const freeze = () => withFrozen(target as never, () => expect.unreachable());
    expect(freeze).toThrow(ArgumentError);
    expect(freeze).toThrow(`withFrozen: expected models and parameters, ${message}`);
  });
});

describe("scope", () => {
  it("returns the tensors of containers of another realm, and of containers that lead back to themselves", () => {
    const result = scope(() => {
      const value = ones([2]).add(1);
      const held = runInNewContext("({ map: new Map([['a', [value]]]) })", { value });
      held.self = held;
      return held as { map: Map<string, Tensor[]> };
    });
    expect(result.map.get("a")?.[0]?.dataSync()).toEqual(Float32Array.from([2, 2]));
  });
});
