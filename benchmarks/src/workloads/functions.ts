// Elementwise functions and reductions.

import { Random } from "@adjoint/core";
import type { Contestant } from "../contestants/contestant.js";
import type { FunctionName, FunctionTask } from "../contestants/protocol.js";
import type { InterleaveOptions } from "../harness.js";
import type { Comparison } from "../report.js";
import { compare } from "./compare.js";

const SHAPES: readonly (readonly [number, number])[] = [
  [128, 784],
  [1000, 1000],
];

interface Kind {
  readonly name: FunctionName;
  readonly words: string;
  readonly inputs: 1 | 2;
  readonly tolerance: number;
}

/** A sum of a million numbers of one sign, added in any order in float32, is right to about 1e-4. */
const KINDS: readonly Kind[] = [
  { name: "add", words: "a + b", inputs: 2, tolerance: 1e-6 },
  { name: "mul", words: "a · b", inputs: 2, tolerance: 1e-6 },
  { name: "tanh", words: "tanh", inputs: 1, tolerance: 1e-5 },
  { name: "exp", words: "exp", inputs: 1, tolerance: 1e-5 },
  { name: "sum", words: "sum of all", inputs: 1, tolerance: 1e-4 },
  { name: "sumRows", words: "sum over the first axis", inputs: 1, tolerance: 1e-5 },
  { name: "max", words: "largest of all", inputs: 1, tolerance: 0 },
];

/** One comparison for each function and shape, as it is done. */
export async function* benchmarkFunctions(
  contestants: readonly Contestant[],
  options: InterleaveOptions,
): AsyncGenerator<Comparison> {
  for (const shape of SHAPES) {
    for (const { name, words, inputs, tolerance } of KINDS) {
      const random = new Random(1);
      const task: FunctionTask = {
        kind: "function",
        name,
        shape,
        inputs: Array.from({ length: inputs }, () => random.fillUniform(new Float32Array(shape[0] * shape[1]))),
      };
      yield await compare(contestants, { title: `${words}, ${shape.join("×")}`, task, tolerance }, options);
    }
  }
}
