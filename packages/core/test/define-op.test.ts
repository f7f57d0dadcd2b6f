// Ops of one's own and the gradients of functions: what they may rely on, and what they are refused.

import {
  defineOp,
  gradients,
  noGradient,
  Parameter,
  type Tensor,
  tensor,
  useBackend,
  valueAndGradients,
} from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const leaf = (values: Parameters<typeof tensor>[0]) => tensor(values, { requiresGradient: true });
const values = (x: Tensor) => Array.from(x.dataSync());

beforeAll(async () => {
  await useBackend("reference:float64");
});

afterAll(async () => {
  await useBackend("reference");
});

describe("defineOp", () => {
  const wrong = (name: string, gradient: (dy: Tensor) => Tensor) =>
    defineOp<[Tensor, Tensor]>({
      name,
      forward: ([a, b]) => a.add(b),
      gradient: ({ dy }) => [() => dy, () => gradient(dy)],
    });

  it("refuses a gradient of the wrong shape, naming the op and the input", () => {
    const [a, b] = [leaf([1, 2]), leaf([3, 4])];
    const op = wrong("halfDone", (dy) => dy.sum());
    expect(() => gradients(op([a, b], undefined).sum(), [a, b])).toThrow(
      "halfDone: its gradient for input 1 has shape [], expected [2]",
    );
    expect(values(gradients(op([a, b], undefined).sum(), [a])[0] as Tensor)).toEqual([1, 1]);
  });

  it("refuses a gradient that is no tensor", () => {
    const [a, b] = [leaf([1]), leaf([3])];
    const op = wrong("forgetful", () => undefined as never);
    expect(() => gradients(op([a, b], undefined).sum(), [b])).toThrow(
      "forgetful: its gradient for input 1 is no tensor, expected [1]",
    );
  });

  it("does not record what its forward calls, since its own gradient stands for that", () => {
    const inner: Tensor[] = [];
    const cube = defineOp<[Tensor]>({
      name: "cube",
      forward: ([x]) => {
        inner.push(x.mul(x));
        return x.mul(inner[0] as Tensor);
      },
      // deliberately not the derivative
      gradient: ({ dy }) => [() => dy.mul(100)],
    });
    const x = leaf([2]);
    const y = cube([x], undefined);
    expect(y.itemSync()).toBe(8);
    expect(values(gradients(y.sum(), [x])[0] as Tensor)).toEqual([100]);
    expect(() => gradients((inner[0] as Tensor).sum(), [x])).toThrow("does not influence the loss");
  });

  it("hands options and the output to the gradient", () => {
    const scaledExp = defineOp<[Tensor], { factor: number }>({
      name: "scaledExp",
      forward: ([x], { factor }) => x.mul(factor).exp(),
      gradient: ({ dy, output, options: { factor } }) => [() => dy.mul(output).mul(factor)],
    });
    const x = leaf([0]);
    const [slope] = gradients(scaledExp([x], { factor: 3 }).sum(), [x]) as [Tensor];
    expect(slope.itemSync()).toBe(3);
    expect(values(gradients(slope.sum(), [x])[0] as Tensor)).toEqual([9]);
  });

  describe("with a forward that returns its input", () => {
    const reversed = defineOp<[Tensor]>({
      name: "reversed",
      forward: ([x]) => x,
      gradient: ({ dy }) => [() => dy.neg()],
    });

    it("applies its gradient to what comes after it alone", () => {
      const x = leaf([2]);
      const h = x.square();
      const y = reversed([h], undefined);
      expect(y.itemSync()).toBe(4);
      expect(values(gradients(y.sum(), [x])[0] as Tensor)).toEqual([-4]);
      expect(values(gradients(h.sum(), [x])[0] as Tensor)).toEqual([4]);
      expect(x.requiresGradient && y !== h).toBe(true);
    });

    it("leaves a constant that it hands on a constant", () => {
      const second = defineOp<[Tensor, Tensor]>({
        name: "second",
        forward: ([, b]) => b,
        gradient: ({ dy }) => [() => dy.mul(7), () => dy],
      });
      const [a, constant] = [leaf([1]), tensor([5])];
      const y = second([a, constant], undefined);
      expect(values(gradients(y.sum(), [a])[0] as Tensor)).toEqual([7]);
      expect(() => gradients(constant.mul(2).sum(), [a])).toThrow("does not influence the loss");
    });

    it("lets no gradient through under noGradient", () => {
      const x = leaf([2]);
      const y = noGradient(() => reversed([x.square()], undefined));
      const z = noGradient(() => reversed([x], undefined));
      expect(() => gradients(y.sum(), [x])).toThrow("does not influence the loss");
      expect(() => gradients(z.sum(), [x])).toThrow("does not influence the loss");
    });

    it("gives each caller its own place in the graph where it hands out one tensor again and again", () => {
      const cached = tensor([1]);
      const remembered = defineOp<[Tensor], number>({
        name: "remembered",
        forward: () => cached,
        gradient: ({ dy, options: factor }) => [() => dy.mul(factor)],
      });
      const [a, b] = [leaf([1]), leaf([1])];
      const [first, second] = [remembered([a], 2), remembered([b], 3)];
      expect(values(gradients(first.sum(), [a])[0] as Tensor)).toEqual([2]);
      expect(values(gradients(second.sum(), [b])[0] as Tensor)).toEqual([3]);
    });
  });
});

describe("valueAndGradients", () => {
  it("gives the value and a gradient for each input, none of which need have been marked", () => {
    const [a, b] = [tensor([1, 2]), tensor([3, 4])];
    const { value, gradients: found } = valueAndGradients((x, y) => x.mul(y).sum(), [a, b]);
    expect(value.itemSync()).toBe(11);
    expect(found.map(values)).toEqual([
      [3, 4],
      [1, 2],
    ]);
    expect([a.requiresGradient, b.requiresGradient]).toEqual([false, false]);
  });

  it("nests, for derivatives of derivatives", () => {
    const slope = (x: Tensor) => valueAndGradients((y) => y.pow(3).sum(), [x]).gradients[0] as Tensor;
    const { value, gradients: found } = valueAndGradients((x) => slope(x).sum(), [tensor([2, 3])]);
    expect(value.itemSync()).toBe(12 + 27);
    expect(values(found[0] as Tensor)).toEqual([12, 18]);
  });

  it("may be asked about one tensor twice", () => {
    const x = tensor([3]);
    const { gradients: found } = valueAndGradients((a, b) => a.mul(b).sum(), [x, x]);
    expect([...found.map(values), x.requiresGradient]).toEqual([[6], [6], false]);
  });

  it("works inside of noGradient", () => {
    const { gradients: found } = noGradient(() => valueAndGradients((x) => x.square().sum(), [tensor([3])]));
    expect(values(found[0] as Tensor)).toEqual([6]);
  });

  it("restores what required a gradient, also where its function throws", () => {
    const [plain, marked] = [tensor([1]), leaf([1])];
    const fails = () => {
      throw new Error("of its own");
    };
    expect(() => valueAndGradients(fails, [plain, marked])).toThrow("of its own");
    expect([plain.requiresGradient, marked.requiresGradient]).toEqual([false, true]);
  });

  it("refuses frozen parameters and unused inputs as gradients does", () => {
    const w = new Parameter(tensor([1]), "w");
    w.freeze();
    expect(() => valueAndGradients((x) => x.sum(), [w])).toThrow('valueAndGradients: the parameter "w" is frozen');
    expect(w.frozen).toBe(true);
    const [a, b] = [tensor([1]), tensor([2])];
    expect(() => valueAndGradients((x, _y) => x.sum(), [a, b])).toThrow("does not influence the loss");
    const { gradients: found } = valueAndGradients((x, _y) => x.sum(), [a, b], { allowUnused: true });
    expect(found.map(values)).toEqual([[1], [0]]);
  });
});

describe("functions that return promises", () => {
  const late = async () => tensor([1]);

  it("are refused, since what runs after an await would run outside", () => {
    const refusal = "its function must be synchronous, got a promise; await before it, or after it";
    expect(() => noGradient(late)).toThrow(`noGradient: ${refusal}`);
    const disguised: (x: Tensor) => Tensor = late as never;
    expect(() => valueAndGradients(disguised, [tensor([1])])).toThrow(`valueAndGradients: ${refusal}`);
  });

  it("are refused also where they fail, with no rejection left unhandled", async () => {
    const fails = async () => {
      throw new Error("too late");
    };
    expect(() => noGradient(fails)).toThrow("noGradient: its function must be synchronous");
    await new Promise((resolve) => setImmediate(resolve));
  });
});
