// What a module cannot be searched for, as it lies in a #private field or a closure, is refused where it takes part.

import {
  Adam,
  AdjointError,
  BatchNorm,
  Dense,
  Dropout,
  Module,
  matmul,
  ones,
  Parameter,
  Random,
  Sequential,
  SGD,
  Tensor,
  tensor,
  UnregisteredError,
  Variable,
  valueAndGradients,
  withBackend,
  withFrozen,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { StrictBackend } from "./support/strict-backend.js";

const random = new Random(5);
const dense = () => new Dense(2, 2, { random });
const x = () => ones([1, 2]);

/** A module of which all is in closures. */
class Closure extends Module {
  readonly kind = "Closure";
  readonly forward: (x: Tensor) => Tensor;
  constructor(forward: (x: Tensor) => Tensor, name?: string) {
    super({ name });
    this.forward = forward;
  }
}

class Private extends Module {
  readonly kind = "Private";
  readonly head = dense();
  #hidden: Module = dense();
  forward(x: Tensor): Tensor {
    return this.head.apply(this.#hidden.apply(x));
  }
  hide(module: Module): this {
    this.#hidden = module;
    return this;
  }
}

const unlisted = (apply: () => unknown, message: string) => {
  expect(apply).toThrow(UnregisteredError);
  expect(apply).toThrow(message);
};

describe("what takes part and is not listed", () => {
  const [layer, weights, dropout] = [dense(), new Parameter(ones([2, 2]), "weights"), new Dropout(0.5, { random })];
  const statistics = new Variable(ones([2]), "mean");
  const normalization = new BatchNorm(2, { scale: false, offset: false });

  it.each([
    ["a module", (x: Tensor) => layer.apply(x), "a Dense 2→2 with the parameters kernel [2,2], bias [2] takes part"],
    ["a module without parameters", (x: Tensor) => dropout.apply(x), "a Dropout 0.5 takes part"],
    ["a module whose forward is called", (x: Tensor) => layer.forward(x), 'the parameter "bias" takes part'],
    ["a mode", (x: Tensor) => dropout.forward(x), "a Dropout 0.5 takes part"],
    ["a parameter", (x: Tensor) => matmul(x, weights), 'the parameter "weights" takes part'],
    [
      "a parameter's values",
      (x: Tensor) => x.add(weights.dataSync()[0] as number),
      'the parameter "weights" takes part',
    ],
    ["a view of a parameter", (x: Tensor) => matmul(x, weights.reshape([2, 2])), 'the parameter "weights" takes part'],
    ["a variable", (x: Tensor) => x.sub(statistics), 'the variable "mean" takes part'],
    ["statistics", (x: Tensor) => normalization.apply(x), "a BatchNorm takes part"],
    ["a module made each time", (x: Tensor) => dense().apply(x), "a Dense 2→2 with the parameters kernel"],
  ])("is refused: %s", (_, forward, message) => {
    for (const mode of ["train", "eval"] as const) {
      unlisted(() => new Closure(forward)[mode]().apply(x()), message);
      unlisted(() => new Sequential([dense(), new Closure(forward)])[mode]().apply(x()), message);
    }
    unlisted(() => new Closure(forward).summary([2]), message);
  });

  it("is named with the layer that used it, and how to register it", () => {
    const model = new Sequential([new Closure((x) => layer.apply(x))], { name: "critic" });
    unlisted(
      () => model.apply(x()),
      'in the Sequential "critic", which does not list it: it would not be trained, frozen, saved or switched to ' +
        "evaluation. Keep it in a public field, or in an array, plain object, Map, Set, ModuleList or ModuleDict there",
    );
    expect(() => model.apply(x())).toThrow(AdjointError);
  });

  it("is refused in a private field, before it is computed", () => {
    const backend = new StrictBackend();
    const [model, input] = withBackend(backend, () => [new Private(), x()]);
    const before = backend.count("matmul");
    unlisted(
      () => model.apply(input),
      "Private: apply: a Dense 2→2 with the parameters kernel [2,2], bias [2] takes part in a Private, which",
    );
    expect(backend.count("matmul")).toBe(before);
  });

  it("is refused where withFrozen and eval would have missed it", () => {
    const hidden = dense();
    const model = new Private().hide(hidden);
    const optimizer = new SGD(hidden.parameters());
    const before = hidden.kernel.dataSync();
    unlisted(() => optimizer.minimize(() => withFrozen(model, () => model.apply(x()).sum())), "takes part in");
    expect(hidden.kernel.dataSync()).toEqual(before);
    unlisted(() => new Private().hide(dropout).eval().apply(x()), "a Dropout 0.5 takes part in a Private");
  });
});

describe("what takes part and is listed", () => {
  it("may be elsewhere in the outermost module: tied weights", () => {
    class Tied extends Module {
      readonly kind = "Tied";
      readonly #other: Dense;
      constructor(other: Dense) {
        super();
        this.#other = other;
      }
      forward(x: Tensor): Tensor {
        return matmul(x, this.#other.kernel, { transposeB: true });
      }
    }
    const encoder = dense();
    const model = new Sequential([encoder, new Tied(encoder)]);
    expect(model.apply(x()).shape).toEqual([1, 2]);
    // alone it would not be trained
    unlisted(() => model.layers[1]?.apply(x()), 'the parameter "0.kernel" takes part in a Tied');
  });

  it("may be made on the way, in a public field", () => {
    class Lazy extends Module {
      readonly kind = "Lazy";
      layer?: Dense;
      forward(x: Tensor): Tensor {
        this.layer ??= dense();
        return this.layer.apply(x);
      }
    }
    const lazy = new Lazy();
    lazy.parameters();
    expect(lazy.apply(x()).shape).toEqual([1, 2]);
    expect(lazy.parameters()).toHaveLength(2);
  });

  it("may be an input: what is given from outside is not the model's", () => {
    const image = new Parameter(x(), "image");
    const model = new Sequential([dense(), new Closure((x) => x.mul(image).tanh())]);
    unlisted(() => model.apply(x()), 'the parameter "image" takes part');
    expect(() => model.apply(image)).not.toThrow();
    const optimizer = new Adam([image]);
    const before = image.dataSync();
    optimizer.minimize(() => model.apply(image).sum());
    expect(image.dataSync()).not.toEqual(before);
  });

  it("is not what an optimizer remembers, where forward makes a step", () => {
    const [layer, target] = [dense(), tensor([[1, 2]])];
    class Learner extends Module {
      readonly kind = "Learner";
      readonly layer = layer;
      readonly #optimizer = new Adam(layer.parameters());
      forward(x: Tensor): Tensor {
        this.#optimizer.minimize(() => this.layer.apply(x).sub(target).square().sum());
        return this.layer.apply(x);
      }
    }
    for (const backend of [new StrictBackend(), layer.kernel.backend]) {
      const learner = withBackend(backend, () => new Learner());
      expect(() => learner.apply(x())).not.toThrow();
    }
  });

  it("is checked again where a module was applied before, and after an error", () => {
    const model = new Sequential([new Closure((x) => layer?.apply(x) ?? x)]);
    let layer: Dense | undefined;
    model.apply(x());
    layer = dense();
    unlisted(() => model.apply(x()), "a Dense");
    layer = undefined;
    expect(() => model.apply(x())).not.toThrow();
    expect(() => dense().apply(ones([1, 3]))).toThrow("inner sizes differ");
    expect(() => dense().apply(x())).not.toThrow();
  });
});

describe("a structure that changes", () => {
  class Movable extends Module {
    readonly kind = "Movable";
    shown: Module | undefined;
    #hidden: Module | undefined;
    constructor(module: Module) {
      super();
      this.shown = module;
    }
    move(): void {
      this.#hidden = this.shown;
      this.shown = undefined;
    }
    forward(x: Tensor): Tensor {
      return ((this.shown ?? this.#hidden) as Module).apply(x);
    }
  }

  it.each([
    ["eval", (model: Module) => model.eval()],
    ["freeze", (model: Module) => model.freeze()],
    ["stateDict", (model: Module) => model.stateDict()],
    ["parameters", (model: Module) => model.parameters()],
    ["summary", (model: Module) => expect(() => model.summary([2])).toThrow(UnregisteredError)],
  ])("is noticed by %s, of the model and of any part of it", (_, use) => {
    for (const which of ["inner", "outer", "unrelated"] as const) {
      const inner = new Movable(dense());
      const outer = new Sequential([inner]);
      const unrelated = new Sequential([new Sequential([inner])]);
      outer.apply(x());
      inner.apply(x());
      inner.move();
      use({ inner, outer, unrelated }[which]);
      unlisted(() => outer.apply(x()), "a Dense 2→2 with the parameters");
      unlisted(() => inner.apply(x()), "a Dense 2→2 with the parameters");
      inner.shown = dense();
      expect(() => outer.apply(x())).not.toThrow();
    }
  });
});

describe("gradients through a model", () => {
  it("may be taken inside of forward, with respect to the input", () => {
    class Gradient extends Module {
      readonly kind = "Gradient";
      readonly inner = dense();
      forward(x: Tensor): Tensor {
        return valueAndGradients((value) => this.inner.apply(value).square().sum(), [x]).gradients[0];
      }
    }
    expect(new Gradient().apply(x()).shape).toEqual([1, 2]);
    expect(new Gradient().apply(x())).toBeInstanceOf(Tensor);
  });
});
