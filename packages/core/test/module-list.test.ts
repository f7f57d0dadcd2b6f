// ModuleList and ModuleDict: index and key, order, names of parameters, and what they refuse.

import {
  ArgumentError,
  Dense,
  Module,
  ModuleDict,
  ModuleList,
  ones,
  Random,
  ReLU,
  Sequential,
  Tanh,
  type Tensor,
  withFrozen,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";

const random = new Random(2);
const dense = () => new Dense(2, 2, { random, bias: false });
const names = (model: Module) => [...model.namedParameters().keys()];

class Stack extends Module {
  readonly kind = "Stack";
  readonly blocks = new ModuleList([dense(), new Tanh()]);
  readonly heads = new ModuleDict({ left: dense(), right: new Sequential([dense()]) });
  forward(x: Tensor): Tensor {
    let value = x;
    for (const block of this.blocks) value = block.apply(value);
    return this.heads.get("left").apply(value).add(this.heads.get("right").apply(value));
  }
}

describe("ModuleList", () => {
  it("is indexed, iterated, and added to, and has a length", () => {
    const [a, b, c, d] = [dense(), dense(), dense(), dense()];
    const list = new ModuleList([a]);
    expect(list.append(b, c)).toBe(list);
    expect([list[0], list[1], list[2], list[3]]).toEqual([a, b, c, undefined]);
    expect([list.at(-1), list.at(0), list.at(3), list.length]).toEqual([c, a, undefined, 3]);
    expect([...list.insert(0, d)]).toEqual([d, a, b, c]);
    expect([...list.delete(1)]).toEqual([d, b, c]);
    expect([...list.set(2, a)]).toEqual([d, b, a]);
    expect([...list.insert(3, c)]).toEqual([d, b, a, c]);
    expect([list.length, new ModuleList().length]).toEqual([4, 0]);
    list[0] = c;
    expect([...list.children().values()]).toEqual([c, b, a, c]);
    expect(new ModuleList(new Set([a, b])).length).toBe(2);
  });

  it("refuses what is no module, and places that there are not, and changes nothing", () => {
    const list = new ModuleList([dense()]);
    for (const change of [
      () => list.append(dense(), 3 as never),
      () => list.insert(2, dense()),
      () => list.insert(-1, dense()),
      () => list.insert(0.5, dense()),
      () => list.set(1, dense()),
      () => list.set(0, undefined as never),
      () => list.delete(1),
      () => new ModuleList([null as never]),
    ]) {
      expect(change).toThrow(ArgumentError);
      expect(list.length).toBe(1);
    }
    expect(() => list.set(1, dense())).toThrow("ModuleList: there is no place 1 in a list of 1");
    expect(() => list.append([] as never)).toThrow("ModuleList: takes modules, got an array");
  });
});

describe("ModuleDict", () => {
  it("has modules by key, in order", () => {
    const [a, b] = [dense(), new ReLU()];
    const dict = new ModuleDict<Record<string, Module>>({ a }).set("b", b);
    expect([dict.get("a"), dict.has("b"), dict.has("c"), dict.size]).toEqual([a, true, false, 2]);
    expect([...dict]).toEqual([
      ["a", a],
      ["b", b],
    ]);
    expect([dict.delete("a"), dict.delete("a"), [...dict.children().keys()]]).toEqual([true, false, ["b"]]);
    expect(new ModuleDict().size).toBe(0);
  });

  it("refuses unknown keys, keys that names could not keep apart, and what is no module", () => {
    const dict = new ModuleDict<Record<string, Module>>({ a: dense(), b: dense() });
    expect(() => dict.get("c")).toThrow(new ArgumentError("ModuleDict", 'has no module "c"; it has "a", "b"'));
    expect(() => new ModuleDict().get("c")).toThrow("it has none at all");
    for (const key of ["a.b", "", 3 as never]) expect(() => dict.set(key, dense())).toThrow(ArgumentError);
    expect(() => dict.set("c", {} as never)).toThrow("ModuleDict: takes modules, got an object (Object)");
    expect(() => new ModuleDict({ a: 3 as never })).toThrow(ArgumentError);
    expect(dict.size).toBe(2);
  });
});

describe("a model of both", () => {
  it("names parameters by places and keys, as PyTorch does, and computes", () => {
    const model = new Stack();
    expect(names(model)).toEqual(["blocks.0.kernel", "heads.left.kernel", "heads.right.0.kernel"]);
    expect(model.apply(ones([1, 2])).shape).toEqual([1, 2]);
    expect(withFrozen(model, () => model.parameterCount().frozen)).toBe(12);
    expect(model.eval().blocks[1]?.training).toBe(false);
    expect(new Stack().loadStateDict(model.stateDict())).toBeUndefined();
  });

  it("has a row for each module in the summary", () => {
    expect(`${new Stack().summary([2])}\n`).toBe(`Stack
${"─".repeat(56)}
Layer        Kind        Output shape  Trainable  Frozen
${"─".repeat(56)}
blocks.0     Dense       [batch,2]             4       0
blocks.1     Tanh        [batch,2]             0       0
heads.left   Dense       [batch,2]             4       0
heads.right  Sequential  [batch,2]             4       0
${"─".repeat(56)}
Total                                         12       0
`);
  });

  it("is not applied itself", () => {
    expect(() => new Stack().blocks.apply()).toThrow("ModuleList: is not applied itself; apply the modules in it");
    expect(() => new Stack().heads.apply()).toThrow("ModuleDict: is not applied itself; apply the modules in it");
  });

  it("nests", () => {
    const nested = new ModuleList([new ModuleDict({ a: dense() }), new ModuleList([dense()])]);
    expect([...nested.namedParameters().keys()]).toEqual(["0.a.kernel", "1.0.kernel"]);
    class Nested extends Module {
      readonly kind = "Nested";
      readonly all: ModuleList<Module<[], never>> = new ModuleList<Module<[], never>>([nested]);
      forward(x: Tensor): Tensor {
        this.all.append(this.all);
        return x;
      }
    }
    const model = new Nested();
    expect(model.summary([2])).toContain("all.0.1.0  Dense  not applied           4       0");
    expect(model.parameterCount().total).toBe(8);
  });
});
