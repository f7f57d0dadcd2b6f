// The cases of kernel-program.ts: each primitive with every function, flag and pattern of axes that it knows, at sizes
// that are odd and large enough for several threads.

import type { Activation, BackendBuffer, BinaryName, MatmulSpec, UnaryName } from "@adjoint/core";
import { convolutionCases } from "./convolution-cases.js";
import { bytes, indices, type Operands } from "./kernel-operands.js";

/** A primitive with its arguments. */
export interface KernelCase {
  readonly name: string;
  /** Computes on the operands' backend; returns what is to be compared. */
  readonly run: (operands: Operands) => readonly BackendBuffer[];
}

/** Eight threads share this out where elements are cheap, and where they are only copied. */
const COUNT = 262_181;
const COPIED = 1_048_633;

const LEAKY: Activation = { name: "leakyRelu", parameters: [0.2] };
const ACTIVATIONS: readonly Activation[] = [
  LEAKY,
  ...(["relu", "tanh", "sigmoid"] as const).map((name) => ({ name, parameters: [] })),
];

const unaryCases = [
  ...(["neg", "exp", "square", "abs", "sign", "tanh", "sigmoid", "relu", "softplus"] as const).map(
    (name) => [name, []] as const,
  ),
  ["leakyRelu", [0.01]] as const,
  ["clip", [-0.5, 1.25]] as const,
].map(([name, parameters]) => single(`unary ${name}`, (on) => on.backend.unary(name, on.signed(COUNT), parameters)));

const positiveUnaryCases = (["log", "sqrt"] as const satisfies readonly UnaryName[]).map((name) =>
  single(`unary ${name}`, (on) => on.backend.unary(name, on.positive(COUNT), [])),
);

const gradientCases = ACTIVATIONS.map((activation) =>
  single(`activationGradient ${activation.name}`, (on) => {
    const y = on.backend.unary(activation.name, on.signed(COUNT), activation.parameters);
    const result = gradientOf(on, activation, y);
    on.backend.free(y);
    return result;
  }),
);

const ARITHMETIC = ["add", "sub", "mul", "div", "pow", "maximum", "minimum"] as const satisfies readonly BinaryName[];
const COMPARISONS = ["equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"] as const;

/** Shapes of two operands that broadcast to the third. */
const BROADCASTS = [
  [[COUNT], [COUNT], [COUNT]],
  [[COUNT], [], [COUNT]],
  [[521, 509], [509], [521, 509]],
  [
    [521, 1],
    [521, 509],
    [521, 509],
  ],
  [
    [521, 1],
    [1, 509],
    [521, 509],
  ],
  [
    [3, 307, 293],
    [3, 1, 293],
    [3, 307, 293],
  ],
  [
    [1, 23, 7, 1, 29],
    [43, 1, 7, 3, 29],
    [43, 23, 7, 3, 29],
  ],
] as const;

const binaryCases = BROADCASTS.flatMap(([aShape, bShape, shape]) => {
  const title = `[${aShape}] with [${bShape}]`;
  const operand = (buffer: BackendBuffer, of: readonly number[]) => ({ buffer, shape: of });
  return [
    ...ARITHMETIC.map((name) =>
      single(`binary ${name} ${title}`, (on) => {
        const a = name === "pow" ? on.positive(sizeOf(aShape), 17) : on.signed(sizeOf(aShape), 17);
        return on.backend.binary(name, operand(a, aShape), operand(on.positive(sizeOf(bShape)), bShape), shape);
      }),
    ),
    ...COMPARISONS.map((name) =>
      single(`binary ${name} ${title}`, (on) => {
        const a = operand(on.whole(sizeOf(aShape), 17), aShape);
        return on.backend.binary(name, a, operand(on.whole(sizeOf(bShape)), bShape), shape);
      }),
    ),
    single(`select ${title}`, (on) => {
      const condition = operand(on.whole(sizeOf(aShape)), aShape);
      const [a, b] = [on.signed(sizeOf(bShape)), on.signed(sizeOf(shape), 3)];
      return on.backend.select(condition, operand(a, bShape), operand(b, shape), shape);
    }),
  ];
});

const REDUCED = [19, 23, 29, 31];
/** All patterns of axes but none: as the bits of 1 to 15. */
const AXES = Array.from({ length: 15 }, (_, i) => [0, 1, 2, 3].filter((axis) => ((i + 1) >> axis) & 1));

const reduceCases = AXES.flatMap((axes) => [
  ...(["sum", "max", "min"] as const).map((name) => reduction(name, axes)),
  ...(axes.length === 1 ? [reduction("argMax", axes)] : []),
]);

function reduction(name: "sum" | "max" | "min" | "argMax", axes: readonly number[]): KernelCase {
  return single(`${name} of axes ${axes}`, (on) => {
    const count = sizeOf(REDUCED);
    const buffer = name === "argMax" ? on.whole(count) : on.signed(count);
    return on.backend.reduce(name, { buffer, shape: REDUCED }, axes);
  });
}

/** m, n and k: tiled, with a few columns, a vector on either side, an outer product, and the shapes of the GAN. */
const PRODUCTS = [
  [127, 131, 113],
  [257, 9, 611],
  [1023, 1, 521],
  [1, 1019, 523],
  [601, 523, 1],
  [128, 784, 128],
  [784, 128, 128],
  // inner sizes that are summed in parts, the last with one block, and more columns than are computed at once
  [131, 523, 1031],
  [67, 1, 9001],
  [1, 521, 2053],
] as const;
const FLAGS = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
] as const;

const productCases = PRODUCTS.flatMap(([m, n, k]) =>
  FLAGS.map(([transposeA, transposeB]) =>
    single(`product ${m}×${n}×${k}${transposeA ? " A transposed" : ""}${transposeB ? " B transposed" : ""}`, (on) => {
      const spec = { batch: 1, m, n, k, transposeA, transposeB, sharedA: false, sharedB: false };
      return product(on, spec);
    }),
  ),
);

const epilogueCases = PRODUCTS.flatMap(([m, n, k]) =>
  [undefined, ...ACTIVATIONS].map((activation) =>
    single(`product ${m}×${n}×${k} with bias${activation ? ` and ${activation.name}` : ""}`, (on) => {
      const spec = { batch: 1, m, n, k, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
      return product(on, spec, { bias: on.signed(n, 7), ...(activation ? { activation } : {}) });
    }),
  ),
);

const batchCases = FLAGS.map(([sharedA, sharedB]) =>
  single(`three products${sharedA ? ", A shared" : ""}${sharedB ? ", B shared" : ""}`, (on) => {
    const spec = { batch: 3, m: 129, n: 67, k: 131, transposeA: true, transposeB: false, sharedA, sharedB };
    return product(on, spec);
  }),
);

const movingCases = [
  single("fill", (on) => on.backend.fill("float32", COPIED, 0.1)),
  single("assign", (on) => {
    const target = on.backend.fill("float32", COPIED, 0);
    on.backend.assign(target, on.signed(COPIED));
    return target;
  }),
  single("copy of a transpose", (on) =>
    on.backend.copy(on.signed(521 * 509), { shape: [509, 521], strides: [1, 509], offset: 0 }),
  ),
  single("copy of a window", (on) =>
    on.backend.copy(on.signed(700 * 601), { shape: [613, 547], strides: [601, 1], offset: 601 * 40 + 13 }),
  ),
  single("copy of a broadcast", (on) =>
    on.backend.copy(on.signed(509), { shape: [521, 509], strides: [0, 1], offset: 0 }),
  ),
  single("copy of overlapping windows", (on) =>
    on.backend.copy(on.signed(61 * 67 * 13), {
      ...{ shape: [29, 32, 5, 3, 13], strides: [67 * 13 * 2, 13 * 2, 67 * 13, 13, 1], offset: 0 },
    }),
  ),
  single("assemble", (on) => {
    const part = (offset: number) => ({
      buffer: on.signed(521 * 500, offset),
      view: { shape: [521, 500], strides: [1023, 1], offset },
    });
    return on.backend.assemble("float32", 521 * 1023, [part(0), part(523)]);
  }),
  single("gatherRows", (on) => on.backend.gatherRows(on.signed(401 * 523), indices(2011, 401), 523)),
  single("scatterRows", (on) => on.backend.scatterRows(on.signed(499 * 547), indices(499, 61), 61, 547)),
  single("scatterRows of rows with many terms", (on) => {
    return on.backend.scatterRows(on.signed(4999 * 131), indices(4999, 3), 3, 131);
  }),
  single("gatherBytes", (on) => {
    const result = on.backend.gatherBytes?.(bytes(97 * 787), indices(397, 97), 787, { scale: 1 / 127.5, offset: -1 });
    return present(result);
  }),
  single("normal", (on) => present(on.backend.normal?.(COUNT, { seed: 2 ** 41 + 7, stream: 5, block: 2 ** 32 - 9 }))),
  {
    name: "adam",
    run: (on: Operands) => {
      const [parameter, m] = [on.signed(COUNT), on.signed(COUNT, 5)].map((x) => on.backend.unary("neg", x, []));
      const v = on.backend.unary("square", on.signed(COUNT, 9), []);
      const buffers = { parameter: present(parameter), gradient: on.signed(COUNT, 11), m: present(m), v };
      const values = { beta1: 0.9, beta2: 0.999, rate: 1e-3, epsilon: 1e-7 };
      for (const correction of [0, 0.5]) on.backend.adam?.(buffers, { ...values, correction });
      return [buffers.parameter, buffers.m, buffers.v];
    },
  },
];

/** All cases. Their names differ. */
export const kernelCases: readonly KernelCase[] = [
  ...[...unaryCases, ...positiveUnaryCases, ...gradientCases, ...binaryCases, ...reduceCases],
  ...[...productCases, ...epilogueCases, ...batchCases, ...movingCases, ...convolutionCases],
];

/** Those that one thread computes: argMax shares out what lies before its axis, and bytes are looked up in a table. */
export const ONE_THREAD: readonly string[] = ["argMax of axes 0"];

function single(name: string, run: (operands: Operands) => BackendBuffer): KernelCase {
  return { name, run: (operands) => [run(operands)] };
}

function product(on: Operands, spec: MatmulSpec, epilogue?: { bias: BackendBuffer; activation?: Activation }) {
  const { batch, m, n, k, sharedA, sharedB } = spec;
  const a = on.signed((sharedA ? 1 : batch) * m * k);
  const b = on.signed((sharedB ? 1 : batch) * k * n, 29);
  return on.backend.matmul(a, b, spec, epilogue);
}

function gradientOf(on: Operands, activation: Activation, y: BackendBuffer): BackendBuffer {
  return present(on.backend.activationGradient?.(activation, on.signed(COUNT, 31), y));
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the wasm backend lacks a fast path that this case is about");
  return value;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}
