// Convolutions, pooling and normalization beside PyTorch in float64: values and gradients, from fixtures/images.json.

import {
  averagePool2d,
  BatchNorm,
  batchNorm,
  conv2d,
  convTranspose2d,
  layerNorm,
  maxPool2d,
  type Padding,
  type Pair,
  type Tensor,
  tensor,
  upSample,
  valueAndGradients,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import fixture from "../fixtures/images.json" with { type: "json" };
import { expectClose, inFloat64, read } from "../support/expectations.js";
import { type HostArray, toTensor } from "../support/host-array.js";

/** What the options of any op may be, as JSON has them. */
interface Options {
  readonly size?: Pair;
  readonly factor?: Pair;
  readonly stride?: Pair;
  readonly padding?: Padding;
  readonly dilation?: Pair;
  readonly outputPadding?: Pair;
  readonly groups?: number;
  readonly epsilon?: number;
}

interface Case {
  readonly op: string;
  readonly options: Options;
  readonly inputs: readonly HostArray[];
  readonly y: HostArray;
  readonly dy: HostArray;
  readonly gradients: readonly HostArray[];
  readonly running?: { readonly mean: HostArray; readonly variance: HostArray };
}

type Call = (options: Options, ...inputs: Tensor[]) => Tensor;

const ops: Readonly<Record<string, Call>> = {
  conv2d: (options, x, kernel, bias) => conv2d(x as Tensor, kernel as Tensor, { ...options, bias }),
  convTranspose2d: (options, x, kernel, bias) => convTranspose2d(x as Tensor, kernel as Tensor, { ...options, bias }),
  maxPool2d: ({ size = 0, ...options }, x) => maxPool2d(x as Tensor, size, options),
  averagePool2d: ({ size = 0, ...options }, x) => averagePool2d(x as Tensor, size, options),
  upSample: ({ factor }, x) => upSample(x as Tensor, factor),
  batchNorm: (options, x, scale, offset) => batchNorm(x as Tensor, { ...options, scale, offset }),
  layerNorm: (options, x, scale, offset) => layerNorm(x as Tensor, { ...options, scale, offset }),
};

const cases = fixture.cases as readonly Case[];

describe("as PyTorch has them", () => {
  it.each(
    cases.map(
      (entry) => [`${entry.op} of [${entry.inputs[0]?.shape}] ${JSON.stringify(entry.options)}`, entry] as const,
    ),
  )("%s", (_, { op, options, inputs, y, dy, gradients }) => {
    const call = ops[op] as Call;
    inFloat64(() => {
      const leaves = inputs.map((input) => toTensor(input));
      const found = valueAndGradients(() => {
        const output = call(options, ...leaves);
        expectClose(read(output), y);
        return output.mul(toTensor(dy)).sum();
      }, leaves);
      found.gradients.forEach((gradient, i) => {
        expectClose(read(gradient), gradients[i] as HostArray, 1e-10);
      });
    });
  });

  it("every op is among them", () => {
    expect(new Set(cases.map(({ op }) => op))).toEqual(new Set(Object.keys(ops)));
  });

  it("BatchNorm's running statistics", () => {
    const entries = cases.filter(({ running }) => running);
    expect(entries.length).toBeGreaterThan(0);
    for (const { options, inputs, running, y } of entries) {
      const [x, scale, offset] = inputs as [HostArray, HostArray, HostArray];
      inFloat64(() => {
        // PyTorch's momentum is the weight of the batch, 0.25
        const layer = new BatchNorm(scale.data.length, { ...options, momentum: 0.75 });
        layer.scale?.assign(tensor([...scale.data]));
        layer.offset?.assign(tensor([...offset.data]));
        expectClose(read(layer.apply(toTensor(x))), y);
        expectClose(read(layer.runningMean), running?.mean as HostArray);
        expectClose(read(layer.runningVariance), running?.variance as HostArray);
      });
    }
  });
});
