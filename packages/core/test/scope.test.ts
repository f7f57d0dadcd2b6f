import {
  Adam,
  Dense,
  gradients,
  keep,
  Parameter,
  Random,
  ReleasedError,
  type StateDict,
  scope,
  type Tensor,
  tensor,
  withBackend,
  zeros,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { StrictBackend } from "./support/strict-backend.js";

const values = (x: Tensor) => Array.from(x.dataSync());

/** Runs `fn` with a backend that keeps account of its buffers. */
function onStrict<T>(fn: (backend: StrictBackend) => T): T {
  const backend = new StrictBackend({ dtype: "float32" });
  return withBackend(backend, () => fn(backend));
}

describe("scope", () => {
  it("returns what its function returns", () => {
    expect(scope(() => 7)).toBe(7);
    expect(scope(() => undefined)).toBeUndefined();
    const y = scope(() => tensor([1, 2]).mul(3));
    expect(values(y)).toEqual([3, 6]);
  });

  it("frees all that was made in it, once, except what is returned", () => {
    onStrict(({ live }) => {
      const outside = tensor([1, 2]);
      const y = scope(() => {
        const z = outside.exp().log().add(outside);
        z.sum();
        return z;
      });
      expect(live.size).toBe(2);
      expect(values(y)).toHaveLength(2);
    });
  });

  it("keeps tensors in arrays, maps, sets and plain objects, however deep", () => {
    onStrict(({ live }) => {
      const kept = scope(() => {
        zeros([100]);
        const bare: Record<string, unknown> = Object.create(null);
        bare.x = tensor([6]);
        return {
          list: [tensor([1]), [tensor([2])]],
          map: new Map([["a", tensor([3])]]),
          set: new Set([tensor([4])]),
          object: { inner: { x: tensor([5]), n: 1, nothing: null } },
          bare,
        } as const;
      });
      expect(live.size).toBe(6);
      expect(kept.list[1]).toBeInstanceOf(Array);
      expect(values(kept.map.get("a") as Tensor)).toEqual([3]);
      expect(values(kept.object.inner.x)).toEqual([5]);
    });
  });

  it("leaves tensors from outside alone, also where they are returned", () => {
    const outside = tensor([1]);
    expect(scope(() => outside)).toBe(outside);
    scope(() => outside.mul(2));
    expect(values(outside)).toEqual([1]);
  });

  it("leaves parameters and what keep was given", () => {
    let parameter: Parameter | undefined;
    let kept: Tensor | undefined;
    let layer: Dense | undefined;
    scope(() => {
      parameter = new Parameter(tensor([1, 2]), "w");
      layer = new Dense(2, 3, { random: new Random(0) });
      scope(() => {
        kept = keep(tensor([3]));
      });
    });
    expect(values(parameter as Parameter)).toEqual([1, 2]);
    expect(values(kept as Tensor)).toEqual([3]);
    expect(values((layer as Dense).kernel)).toHaveLength(6);
  });

  it("leaves an optimizer made in it able to work, and a state dictionary readable", () => {
    const random = new Random(1);
    const model = new Dense(2, 1, { random });
    const made: { optimizer?: Adam; states: StateDict[] } = { states: [] };
    scope(() => {
      made.optimizer = new Adam(model.parameters());
      made.states.push(model.stateDict());
    });
    made.optimizer?.minimize(() => model.apply(tensor([[1, 2]])).sum());
    scope(() => {
      made.states.push(made.optimizer?.stateDict() ?? new Map());
    });
    expect(values(made.states[0]?.get("kernel") as Tensor)).toHaveLength(2);
    expect(values(made.states[1]?.get("0.step") as Tensor)).toEqual([1]);
    expect(values(made.states[1]?.get("0.m") as Tensor)).toHaveLength(2);
  });

  it("frees when its function throws, and passes the error on", () => {
    onStrict(({ live }) => {
      let made: Tensor | undefined;
      const fails = () => {
        made = zeros([3]);
        throw new Error("of its own");
      };
      expect(() => scope(fails)).toThrow("of its own");
      expect(live.size).toBe(0);
      expect(() => made?.dataSync()).toThrow(ReleasedError);
      // and what is made from here on belongs to no scope
      const after = zeros([1]);
      scope(() => undefined);
      expect(values(after)).toEqual([0]);
    });
  });

  it("refuses a function that returns a promise, and frees what it made", () => {
    onStrict(({ live }) => {
      expect(() => scope(async () => zeros([3]))).toThrow(
        "scope: its function must be synchronous, got a promise; await before it, or after it",
      );
      expect(live.size).toBe(0);
    });
  });
});

describe("nested scopes", () => {
  it("hand what they return to the scope around them, which frees it", () => {
    onStrict(({ live }) => {
      let inner: Tensor | undefined;
      const outer = scope(() => {
        const x = zeros([2]);
        inner = scope(() => x.add(1).mul(2));
        expect(live.size).toBe(2);
        return inner.sum();
      });
      expect(live.size).toBe(1);
      expect(outer.itemSync()).toBe(4);
      expect(() => inner?.dataSync()).toThrow(ReleasedError);
    });
  });

  it("return tensors through all of them", () => {
    const x = scope(() => scope(() => scope(() => tensor([9]))));
    expect(values(x)).toEqual([9]);
  });

  it("leave the outer scope's tensors alone when they end", () => {
    scope(() => {
      const x = tensor([1, 2]);
      scope(() => x.mul(2));
      expect(values(x)).toEqual([1, 2]);
    });
  });
});

describe("views", () => {
  it("keep the memory they share where one of them is returned", () => {
    onStrict(({ live }) => {
      const view = scope(() => zeros([6]).reshape([2, 3]));
      expect(view.shape).toEqual([2, 3]);
      expect(live.size).toBe(1);
      expect(values(view.add(1))).toEqual([1, 1, 1, 1, 1, 1]);
    });
  });

  it("are gone with the memory they share", () => {
    let view: Tensor | undefined;
    scope(() => {
      view = zeros([6]).reshape([2, 3]);
    });
    expect(() => view?.sum()).toThrow("sum: the tensor made by zeros was released when its scope ended");
    const x = tensor([1, 2]);
    const y = x.reshape([2, 1]);
    x.dispose();
    expect(() => y.dataSync()).toThrow("dataSync: the tensor made by tensor was disposed");
  });

  it("of a tensor from outside, made in a scope, free nothing", () => {
    const x = tensor([1, 2]);
    const view = scope(() => {
      x.reshape([1, 2]);
      return x.reshape([2, 1]);
    });
    expect(values(view)).toEqual([1, 2]);
    expect(values(x)).toEqual([1, 2]);
  });
});

describe("a tensor that is gone", () => {
  const escaped = () => {
    let x: Tensor = zeros([]);
    scope(() => {
      x = tensor([1, 4]).sqrt();
    });
    return x;
  };

  it("is refused wherever it is used, naming the op that made it and how to keep it", async () => {
    const x = escaped();
    const why =
      "the tensor made by sqrt was released when its scope ended; return it from the scope's function, or keep(tensor) it";
    expect(() => x.dataSync()).toThrow(`dataSync: ${why}`);
    expect(() => x.add(1)).toThrow(`add: ${why}`);
    expect(() => tensor([1, 2]).mul(x)).toThrow(`mul: ${why}`);
    expect(() => x.reshape([1, 2])).toThrow(`reshape: ${why}`);
    expect(() => x.detach()).toThrow(`detach: ${why}`);
    expect(() => keep(x)).toThrow(`keep: ${why}`);
    expect(() => x.sum()).toThrow(ReleasedError);
    await expect(x.data()).rejects.toThrow(`data: ${why}`);
  });

  it("still knows its shape and element type", () => {
    const x = escaped();
    expect([x.shape, x.dtype, x.size, x.rank]).toEqual([[2], "float32", 2, 1]);
  });

  it("is refused by gradients that need it", () => {
    const w = new Parameter(tensor([2]), "w");
    const loss = scope(() => w.square().exp().sum());
    expect(() => gradients(loss, [w])).toThrow("the tensor made by exp was released when its scope ended");
  });

  it("may be disposed of again, and freed by its scope after", () => {
    onStrict(({ live }) => {
      scope(() => {
        const x = zeros([2]);
        x.dispose();
        x.dispose();
        expect(() => x.sum()).toThrow(
          "sum: the tensor made by zeros was disposed; use it before dispose(), or leave the freeing to scope()",
        );
      });
      expect(live.size).toBe(0);
    });
  });

  it("is what `using` leaves at the end of its block", () => {
    const x = zeros([1]);
    expect(x[Symbol.dispose]).toBeTypeOf("function");
    x[Symbol.dispose]();
    expect(() => x.itemSync()).toThrow(ReleasedError);
  });
});
