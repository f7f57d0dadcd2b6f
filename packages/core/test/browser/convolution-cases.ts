// Convolutions as cases of kernel-program.ts: sizes that are odd, large enough for several threads, and for images that
// are taken in two goes.

import type { BackendBuffer, ConvolutionSpec } from "@adjoint/core";
import type { Operands } from "./kernel-operands.js";

type Way = "convolve" | "convolveBack" | "convolveKernel";

const BASE: ConvolutionSpec = {
  ...{ batch: 61, input: [14, 13], output: [14, 13], kernel: [3, 3], inChannels: 13, outChannels: 17 },
  ...{ stride: [1, 1], dilation: [1, 1], before: [1, 1] },
};

const SPECS: Readonly<Record<string, ConvolutionSpec>> = {
  "3×3": BASE,
  "3×3, two apart": { ...BASE, batch: 127, input: [27, 26], stride: [2, 2], inChannels: 7 },
  "2×3 with gaps": { ...BASE, kernel: [2, 3], dilation: [3, 2], before: [2, 2] },
  "3×3 in squares": { ...BASE, inChannels: 20, outChannels: 24 },
  "1×1": { ...BASE, kernel: [1, 1], before: [0, 0] },
};

const count = (...extents: readonly (number | readonly number[])[]) => extents.flat().reduce((a, b) => a * b, 1);

function compute(on: Operands, way: Way, spec: ConvolutionSpec): BackendBuffer | undefined {
  const { batch, input, output, kernel, inChannels, outChannels } = spec;
  const x = () => on.signed(count(batch, input, inChannels));
  const y = () => on.signed(count(batch, output, outChannels), 5);
  const w = () => on.signed(count(kernel, inChannels, outChannels), 11);
  if (way === "convolve") return on.backend.convolve?.(x(), w(), spec, on.signed(outChannels, 3));
  if (way === "convolveBack") return on.backend.convolveBack?.(y(), w(), spec, on.signed(inChannels, 3));
  return on.backend.convolveKernel?.(x(), y(), spec);
}

/** A convolution and its two adjoints, for windows of several kinds. */
export const convolutionCases = Object.entries(SPECS).flatMap(([title, spec]) =>
  (["convolve", "convolveBack", "convolveKernel"] as const).map((way) => ({
    name: `${way} ${title}`,
    run: (on: Operands): readonly BackendBuffer[] => {
      const result = compute(on, way, spec);
      if (!result) throw new Error(`the wasm backend lacks ${way}`);
      return [result];
    },
  })),
);
