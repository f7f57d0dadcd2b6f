// withFrozen restores what was, and optimizers refuse by name what cannot be meant.

import {
  ArgumentError,
  Dense,
  FrozenError,
  GradientError,
  gradients,
  type Module,
  Parameter,
  Random,
  ReLU,
  Sequential,
  SGD,
  tensor,
  withFrozen,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { bits, changed } from "./support/bits.js";

describe("withFrozen", () => {
  const three = () => {
    const [a, b, c] = ["a", "b", "c"].map((name) => new Parameter(tensor([1]), name)) as [
      Parameter,
      Parameter,
      Parameter,
    ];
    b.freeze();
    return { all: [a, b, c], states: () => [a, b, c].map(({ frozen }) => frozen), a, b, c };
  };

  it("freezes for the length of its function, returns its result, and restores mixed states", () => {
    const { all, states } = three();
    expect(withFrozen(all, states)).toEqual([true, true, true]);
    expect(states()).toEqual([false, true, false]);
  });

  it("restores them when its function throws", () => {
    const { all, states } = three();
    const fails = () => {
      throw new Error("of its own");
    };
    expect(() => withFrozen(all, fails)).toThrow("of its own");
    expect(states()).toEqual([false, true, false]);
  });

  it("nests, over the same parameters and over some of them", () => {
    const { all, states, a } = three();
    withFrozen(a, () => {
      expect(states()).toEqual([true, true, false]);
      withFrozen(all, () => expect(states()).toEqual([true, true, true]));
      expect(states()).toEqual([true, true, false]);
    });
    expect(states()).toEqual([false, true, false]);
  });

  it("restores what its function itself froze or unfroze", () => {
    const { all, states, a, b } = three();
    withFrozen(all, () => {
      a.unfreeze();
      b.unfreeze();
    });
    expect(states()).toEqual([false, true, false]);
  });

  it("takes a model, a parameter, or a list of both, and a parameter in it twice", () => {
    const { a, b } = three();
    const model = new Dense(1, 1, { random: new Random(0) });
    const states = () => [...model.parameters(), a, b].map(({ frozen }) => frozen);
    expect(withFrozen([model, a, model.kernel, a], states)).toEqual([true, true, true, true]);
    expect(states()).toEqual([false, false, false, true]);
    expect(withFrozen(model, states)).toEqual([true, true, false, true]);
  });

  it("refuses a function that returns a promise, and restores", () => {
    const { all, states } = three();
    expect(() => withFrozen(all, async () => 1)).toThrow("withFrozen: its function must be synchronous, got a promise");
    expect(states()).toEqual([false, true, false]);
  });
});

describe("what is refused", () => {
  const build = () => {
    const random = new Random(1);
    const generator = new Sequential([new Dense(2, 3, { random }), new ReLU(), new Dense(3, 1, { random })], {
      name: "generator",
    });
    return { generator, optimizer: new SGD(generator.parameters()), x: tensor([[1, -2]]) };
  };

  it("an optimizer all of whose parameters are frozen, by their full names, before it computes anything", () => {
    const { generator, optimizer } = build();
    generator.freeze();
    let called = false;
    const minimize = () =>
      optimizer.minimize(() => {
        called = true;
        return tensor(0);
      });
    expect(minimize).toThrow(FrozenError);
    expect(minimize).toThrow(
      "minimize: all parameters of this optimizer are frozen: generator.0.kernel, generator.0.bias, generator.2.kernel, " +
        "generator.2.bias",
    );
    expect(called).toBe(false);
  });

  it("an unfrozen parameter that does not influence the loss, by its full name; nothing changes then", () => {
    const { generator, optimizer, x } = build();
    const before = [bits(generator), bits(optimizer)];
    const minimize = () => optimizer.minimize(() => (generator.layers[2] as Module).apply(tensor([[1, 2, 3]])).sum());
    expect(minimize).toThrow(GradientError);
    expect(minimize).toThrow('the parameter "generator.0.kernel" does not influence the loss');
    expect([bits(generator), bits(optimizer)]).toEqual(before);
    expect(() => optimizer.minimize(() => generator.apply(x).detach().sum())).toThrow(
      'the parameter "generator.0.kernel" does not influence the loss: it was not used, or was frozen or detached',
    );
    expect([bits(generator), bits(optimizer)]).toEqual(before);
  });

  it("not such a parameter where allowUnused says that it is meant: it alone stays as it is", () => {
    const { generator, optimizer } = build();
    const before = bits(generator);
    const upper = generator.layers[2] as Module;
    optimizer.minimize(() => upper.apply(tensor([[1, 2, 3]])).sum(), { allowUnused: true });
    expect(changed(before, bits(generator))).toEqual(["2.kernel", "2.bias"]);
    expect(optimizer.stateDict().get("0.step")?.itemSync()).toBe(0);
    expect(optimizer.stateDict().get("2.step")?.itemSync()).toBe(1);
  });

  it("a model frozen only while the loss was computed, which would otherwise not train in silence", () => {
    const { generator, optimizer, x } = build();
    expect(() => optimizer.minimize(() => withFrozen(generator, () => generator.apply(x).sum()))).toThrow(
      'the parameter "generator.0.kernel" does not influence the loss: it was not used, or was frozen',
    );
  });

  it("gradients of a frozen parameter, and updates of one by gradients from elsewhere", () => {
    const { generator, optimizer, x } = build();
    const [kernel] = generator.parameters() as [Parameter];
    const loss = generator.apply(x).sum();
    kernel.freeze();
    expect(() => gradients(loss, [kernel])).toThrow('gradients: the parameter "generator.0.kernel" is frozen');
    expect(() => optimizer.applyGradients(new Map([[kernel, kernel]]))).toThrow(
      'applyGradients: the parameter "generator.0.kernel" is frozen',
    );
  });

  it("a parameter that the optimizer does not own", () => {
    const { optimizer } = build();
    const stranger = new Parameter(tensor([1]), "stranger");
    const apply = () => optimizer.applyGradients(new Map([[stranger, tensor([1])]]));
    expect(apply).toThrow(ArgumentError);
    expect(apply).toThrow('applyGradients: the parameter "stranger" does not belong to this optimizer');
  });
});
