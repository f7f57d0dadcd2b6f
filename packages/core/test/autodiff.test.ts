// Derivatives of whatever ops there are: what is computed, what is left out, what is refused and in which words.

import {
  defineOp,
  detach,
  gradients,
  noGradient,
  Parameter,
  type Tensor,
  tensor,
  useBackend,
  valueAndGradients,
  zeros,
} from "@adjoint/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

const leaf = (values: Parameters<typeof tensor>[0]) => tensor(values, { requiresGradient: true });
const values = (x: Tensor) => Array.from(x.dataSync());

/** Which inputs' gradients were asked of `traced`, in order. */
let asked: string[] = [];

/** a·b + c, telling which of its gradients are computed. */
const traced = defineOp<[Tensor, Tensor, Tensor], string>({
  name: "traced",
  forward: ([a, b, c]) => a.mul(b).add(c),
  gradient: ({ dy, inputs: [a, b], options: label }) => [
    () => record(`${label}.a`, dy.mul(b)),
    () => record(`${label}.b`, dy.mul(a)),
    () => record(`${label}.c`, dy),
  ],
});

function record(what: string, gradient: Tensor): Tensor {
  asked.push(what);
  return gradient;
}

beforeAll(async () => {
  await useBackend("reference:float64");
});

afterAll(async () => {
  await useBackend("reference");
});

beforeEach(() => {
  asked = [];
});

describe("gradients", () => {
  it("are those of the formula, one for each tensor asked about, in its shape and order", () => {
    const a = leaf([[1, 2, 3]]);
    const b = leaf([[4], [5]]);
    // Σ a²·b: d/da = 2a·Σb, d/db = Σa²
    const [db, da] = gradients(a.square().mul(b).sum(), [b, a]);
    expect(da?.shape).toEqual([1, 3]);
    expect(values(da as Tensor)).toEqual([18, 36, 54]);
    expect(db?.shape).toEqual([2, 1]);
    expect(values(db as Tensor)).toEqual([14, 14]);
  });

  it("add up where a tensor is used more than once", () => {
    const x = leaf([3]);
    // x·x + x: 2x + 1
    expect(values(gradients(x.mul(x).add(x).sum(), [x])[0] as Tensor)).toEqual([7]);
  });

  it("come again when asked again: nothing accumulates", () => {
    const x = leaf([1, 2]);
    const loss = x.square().sum();
    expect(values(gradients(loss, [x])[0] as Tensor)).toEqual([2, 4]);
    expect(values(gradients(loss, [x])[0] as Tensor)).toEqual([2, 4]);
  });

  it("may be asked for twice in one call", () => {
    const x = leaf([5]);
    expect(gradients(x.square().sum(), [x, x]).map(values)).toEqual([[10], [10]]);
  });

  it("of the loss with respect to itself is one, of its shape, whether leaf or computed", () => {
    const x = leaf([[4]]);
    const [ofLeaf] = gradients(x, [x]);
    expect([ofLeaf?.shape, values(ofLeaf as Tensor)]).toEqual([[1, 1], [1]]);
    const loss = x.square();
    const [ofLoss, ofX] = gradients(loss, [loss, x]);
    expect([values(ofLoss as Tensor), values(ofX as Tensor)]).toEqual([[1], [8]]);
  });

  it("with respect to an intermediate stop there, or go on where both are asked for", () => {
    const x = leaf([2]);
    const h = x.square();
    const loss = h.mul(h).mul(x).sum();
    // with h = x²: dL/dh = 2hx, and dL/dx = h² + 2hx·2x
    expect(values(gradients(loss, [h])[0] as Tensor)).toEqual([16]);
    expect(gradients(loss, [x, h]).map(values)).toEqual([[80], [16]]);
  });

  it("pass constants by", () => {
    const x = leaf([1, 2]);
    const constant = tensor([3, 4]);
    expect(values(gradients(x.mul(constant).add(10).sum(), [x])[0] as Tensor)).toEqual([3, 4]);
  });

  it("do not flow through detach, nor through what noGradient computed", () => {
    const x = leaf([3]);
    const y = x.square();
    expect(values(gradients(detach(y).mul(x).sum(), [x])[0] as Tensor)).toEqual([9]);
    expect(
      values(
        gradients(
          noGradient(() => x.square())
            .mul(x)
            .sum(),
          [x],
        )[0] as Tensor,
      ),
    ).toEqual([9]);
    expect(detach(y).requiresGradient).toBe(false);
  });

  it("are recorded again after noGradient ended, also by an error", () => {
    const x = leaf([3]);
    expect(() =>
      noGradient(() => {
        throw new Error("of its own");
      }),
    ).toThrow("of its own");
    expect(values(gradients(x.square().sum(), [x])[0] as Tensor)).toEqual([6]);
  });
});

describe("large graphs", () => {
  it("a chain of 10,000 ops is differentiated, and its gradient again", () => {
    const x = leaf([1]);
    let y: Tensor = x;
    for (let i = 0; i < 10_000; i++) y = y.mul(x);
    // y = x^10001
    const [slope] = gradients(y.sum(), [x]) as [Tensor];
    expect(slope.itemSync()).toBe(10_001);
    const [curvature] = gradients(slope.sum(), [x]) as [Tensor];
    expect(curvature.itemSync()).toBe(10_001 * 10_000);
  });

  it("a tower of 60 doublings has 2⁶⁰ paths, which are not walked one by one", () => {
    const x = leaf([1]);
    let y: Tensor = x;
    for (let i = 0; i < 60; i++) y = traced([y, tensor([1]), y], String(i));
    expect(values(gradients(y.sum(), [x])[0] as Tensor)).toEqual([2 ** 60]);
    expect(asked.length).toBe(120);
  });
});

describe("derivatives of derivatives", () => {
  it("are gradients of gradients, to any order", () => {
    const x = leaf([2]);
    const loss = x.pow(4).sum();
    const [first] = gradients(loss, [x]) as [Tensor];
    const [second] = gradients(first.sum(), [x]) as [Tensor];
    const [third] = gradients(second.sum(), [x]) as [Tensor];
    const [fourth] = gradients(third.sum(), [x]) as [Tensor];
    expect([first, second, third, fourth].map((d) => d.itemSync())).toEqual([32, 48, 48, 24]);
  });

  it("mix: a gradient penalty reaches the weights through the slope with respect to the input", () => {
    const x = leaf([[1, 2]]);
    const w = leaf([[3], [-1]]);
    const [slope] = gradients(x.matmul(w).square().sum(), [x]) as [Tensor];
    // slope = 2(x·w)wᵀ with x·w = 1; its squared length is 4(x·w)²|w|², and the derivative by w
    // 8(x·w)|w|²x + 8(x·w)²w = 80x + 8w
    const [penalty] = gradients(slope.square().sum(), [w]) as [Tensor];
    expect(values(slope)).toEqual([6, -2]);
    expect(values(penalty)).toEqual([80 + 24, 160 - 8]);
  });

  it("are not recorded inside of noGradient", () => {
    const x = leaf([2]);
    const loss = x.pow(3).sum();
    const [slope] = noGradient(() => gradients(loss, [x])) as [Tensor];
    expect(slope.itemSync()).toBe(12);
    expect(() => gradients(slope.sum(), [x])).toThrow("does not influence the loss");
  });
});

describe("pruning", () => {
  it("calls a gradient rule only for the inputs that lead to what is asked for", () => {
    const [a, b, c] = [leaf([2]), leaf([3]), leaf([4])];
    const y = traced([a, b, c], "outer");
    expect(values(gradients(y.sum(), [b])[0] as Tensor)).toEqual([2]);
    expect(asked).toEqual(["outer.b"]);
  });

  it("leaves branches alone that lead nowhere, and all that lies below what is asked for", () => {
    const [x, w] = [leaf([2]), leaf([3])];
    const below = traced([x, x, x], "below");
    const beside = traced([w, w, w], "beside");
    const y = traced([below, beside, tensor([1])], "above");
    gradients(y.sum(), [below]);
    expect(asked).toEqual(["above.a"]);
    asked = [];
    gradients(y.sum(), [w]);
    expect(asked).toEqual(["above.b", "beside.a", "beside.b", "beside.c"]);
  });

  it("computes the gradients of a shared intermediate once", () => {
    const x = leaf([2]);
    const shared = traced([x, tensor([5]), tensor([0])], "shared");
    gradients(shared.add(shared.square()).sum(), [x]);
    expect(asked).toEqual(["shared.a"]);
  });
});

describe("what gradients refuse", () => {
  const x = () => new Parameter(tensor([1, 2]), "weights");

  it("a loss of more than one element", () => {
    expect(() => gradients(x().square(), [])).toThrow(
      "gradients: the loss must have one element, got [2]; reduce it with mean() or sum()",
    );
  });

  it("a tensor that does not influence the loss, by its name; or gives zeros for it where that is meant", () => {
    const [used, unused] = [x(), new Parameter(zeros([2, 3]), "spare")];
    const loss = used.sum();
    expect(() => gradients(loss, [used, unused])).toThrow(
      'gradients: the parameter "spare" does not influence the loss: it was not used, or was frozen or detached while ' +
        "the loss was computed (the loss was made by sum)",
    );
    const [, zero] = gradients(loss, [used, unused], { allowUnused: true });
    expect([zero?.shape, values(zero as Tensor)]).toEqual([
      [2, 3],
      [0, 0, 0, 0, 0, 0],
    ]);
  });

  it("a tensor that was never recorded, saying how to record it", () => {
    const constant = tensor([[1, 2]]);
    expect(() => gradients(constant.square().sum(), [constant])).toThrow(
      "gradients: the tensor [1,2] made by tensor does not require a gradient: make it with " +
        "{ requiresGradient: true }, or call valueAndGradients (the loss was made by sum)",
    );
  });

  it("a parameter that is frozen now, or was when the loss was computed", () => {
    const w = x();
    const loss = w.square().sum();
    w.freeze();
    expect(() => gradients(loss, [w])).toThrow(
      'gradients: the parameter "weights" is frozen; unfreeze it, or leave it out',
    );
    const computedFrozen = w.square().sum();
    w.unfreeze();
    expect(() => gradients(computedFrozen, [w])).toThrow("was frozen or detached while the loss was computed");
  });

  it("a parameter, or a view of one, that was updated since the loss was computed", () => {
    const w = x();
    const loss = w.reshape([2, 1]).square().sum();
    const untouched = w.mul(3).sum();
    w.assign(tensor([5, 6]));
    expect(() => gradients(loss, [w])).toThrow(
      /^gradients: the tensor \[2,1\] made by Parameter was updated after square had used it for the loss/,
    );
    expect(() => gradients(untouched, [w])).toThrow(
      'gradients: the parameter "weights" was updated after mul had used it for the loss; compute the loss again',
    );
    expect(values(gradients(w.square().sum(), [w])[0] as Tensor)).toEqual([10, 12]);
  });

  it("what is no loss: a forgotten return, for one", () => {
    const forgets: () => Tensor = () => undefined as never;
    expect(() => valueAndGradients(forgets, [])).toThrow(
      "gradients: the loss must be a tensor, got undefined: was it returned?",
    );
  });
});
