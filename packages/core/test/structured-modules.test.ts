// Modules that take and give several tensors, tuples and records: applied, summarised, and searched for a NaN.

import {
  Adam,
  Dense,
  findNonFinite,
  log,
  Module,
  ones,
  Parameter,
  Random,
  Sequential,
  scope,
  type Tensor,
  tensor,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";

const random = new Random(4);

interface Gaussian {
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/** An encoder with two outputs. */
class Encoder extends Module<[x: Tensor], Gaussian> {
  readonly kind = "Encoder";
  readonly mean = new Dense(3, 2, { random });
  readonly logVariance = new Dense(3, 2, { random });
  forward(x: Tensor): Gaussian {
    return { mean: this.mean.apply(x), logVariance: this.logVariance.apply(x) };
  }
}

/** Takes a record, a tuple and a number. */
class Mixer extends Module<
  [gaussian: { readonly mean: Tensor }, pair: readonly [Tensor, Tensor], factor: number],
  Tensor[]
> {
  readonly kind = "Mixer";
  forward({ mean }: { readonly mean: Tensor }, [a, b]: readonly [Tensor, Tensor], factor: number): Tensor[] {
    return [mean.add(a).mul(factor), b.log()];
  }
}

class Whole extends Module<[x: Tensor, noise: readonly [Tensor, Tensor]], { outputs: Tensor[]; code: Gaussian }> {
  readonly kind = "Whole";
  readonly encoder = new Encoder();
  readonly mixer = new Mixer();
  forward(x: Tensor, noise: readonly [Tensor, Tensor]) {
    const code = this.encoder.apply(x);
    return { outputs: this.mixer.apply(code, noise, 3), code };
  }
}

const inputs = () => [ones([1, 3]), [ones([1, 2]), ones([1, 2])]] as const;

describe("apply", () => {
  it("hands all inputs to forward and gives what it gives", () => {
    const whole = new Whole();
    const [x, noise] = inputs();
    const { outputs, code } = whole.apply(x, noise);
    expect(outputs[0]?.dataSync()).toEqual(code.mean.add(1).mul(3).dataSync());
    expect(outputs[1]?.dataSync()).toEqual(Float32Array.of(0, 0));
    const { mean } = scope(() => whole.apply(x, noise).code);
    expect(mean.dataSync()).toEqual(code.mean.dataSync());
  });

  it("takes parameters inside of inputs for inputs", () => {
    const [x] = inputs();
    const noise = new Parameter(ones([1, 2]), "noise");
    const whole = new Whole();
    new Adam([noise]).minimize(() => whole.apply(x, [noise, noise]).outputs[0]?.sum() as Tensor);
    expect(noise.dataSync()[0]).not.toBe(1);
  });

  it("hands models that are inputs to forward", () => {
    class Through extends Module<[model: Module, x: Tensor], Tensor> {
      readonly kind = "Through";
      forward(model: Module, x: Tensor): Tensor {
        return model.apply(x);
      }
    }
    const model = new Sequential([new Dense(3, 1, { random })]);
    expect(new Through().apply(model, ones([2, 3])).shape).toEqual([2, 1]);
  });
});

describe("summary", () => {
  it("takes shapes as forward takes tensors, and prints those of all outputs", () => {
    const text = new Whole().summary([3], [[2], [2]]);
    expect(text.split("\n").slice(4, 6)).toEqual([
      "encoder  Encoder  mean [batch,2], logVariance [batch,2]         16       0",
      "mixer    Mixer    [batch,2], [batch,2]                           0       0",
    ]);
    expect(new Mixer().summary({ mean: [2] }, [[2], [5]], 2)).toContain("Total");
  });
});

describe("findNonFinite", () => {
  it("explains structured results, in layers that give such", async () => {
    const [x] = inputs();
    const whole = new Whole();
    expect(await findNonFinite(() => whole.apply(x, [x.slice([null, [0, 2]]), ones([1, 2])]).outputs)).toBeUndefined();
    const origin = await findNonFinite(() => {
      const { outputs, code } = whole.apply(x, [ones([1, 2]), tensor([[1, -1]])]);
      return { code: [code.mean], outputs };
    });
    expect(origin).toMatchObject({ value: Number.NaN, op: "log" });
    expect(origin?.layer).toContain("mixer");
    expect(await findNonFinite(() => [[log(tensor([0]))]])).toMatchObject({ layer: undefined });
  });
});
