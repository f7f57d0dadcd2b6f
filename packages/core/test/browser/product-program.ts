// What the tests have a page compute of products of the gpu backend. Each check returns what it found wrong.

import * as gpuJs from "gpu.js";
import type { Activation, Backend, MatmulSpec, UnaryName } from "../../src/backends/backend.js";
import { createGpuBackend, type GpuMode } from "../../src/backends/gpu/index.js";
import { ReferenceBackend } from "../../src/backends/reference/index.js";
import { Random } from "../../src/random.js";
import {
  operandSizes,
  productCells,
  productOn,
  randomValues,
  specOf,
  wholeNumbers,
} from "../backends/product-support.js";

/** What a check found wrong; nothing where all is well. */
export type Findings = readonly string[];

const FLAGS = [false, true];

/** All four ways of storing the operands of a product. */
function stored(m: number, k: number, n: number, rest: Partial<MatmulSpec> = {}): MatmulSpec[] {
  return FLAGS.flatMap((transposeA) => FLAGS.map((transposeB) => specOf(m, k, n, { transposeA, transposeB, ...rest })));
}

/** Sizes below, at and above the edges of vectors, tiles and groups, in all ways of storing them. */
const SPECS: readonly (readonly MatmulSpec[])[] = [
  ...[
    ...[1, 2, 3, 4, 5].map((size) => [size, size, size]),
    ...[
      [1, 7, 1],
      [1, 64, 33],
      [33, 64, 1],
      [7, 1, 9],
      [16, 16, 16],
      [17, 19, 23],
      [31, 5, 64],
      [64, 37, 31],
    ],
    ...[
      [65, 33, 67],
      [128, 20, 128],
      [130, 100, 66],
      [129, 127, 131],
      [40, 300, 24],
      [3, 50, 257],
      [257, 50, 3],
    ],
  ].map(([m, k, n]) => stored(m as number, k as number, n as number)),
  ...[
    [5, 6, 7],
    [16, 8, 20],
    [33, 12, 9],
  ].flatMap(([m, k, n]) =>
    [{}, { sharedA: true }, { sharedB: true }].map((shared) =>
      stored(m as number, k as number, n as number, { batch: 3, ...shared }),
    ),
  ),
];

function nameOf({ batch, m, k, n, transposeA, transposeB, sharedA, sharedB }: MatmulSpec): string {
  const flags = Object.entries({ transposeA, transposeB, sharedA, sharedB }).filter(([, flag]) => flag);
  return `${batch}×[${m}×${k}×${n}] ${flags.map(([flag]) => flag).join(" ")}`;
}

function operandsOf(spec: MatmulSpec, seed: number): [Float32Array, Float32Array] {
  const random = new Random(seed);
  const [a, b] = operandSizes(spec);
  return [randomValues(random, a), randomValues(random, b)];
}

/** What is wrong with a product, by the error that float32 allows it. */
export function wrongCells(product: ArrayLike<number>, a: Float32Array, b: Float32Array, spec: MatmulSpec): Findings {
  const cells = productCells(a, b, spec);
  if (product.length !== cells.length) return [`${nameOf(spec)}: ${product.length} values, not ${cells.length}`];
  const wrong = cells.findIndex(({ value, scale }, i) => {
    const bound = 4 * Math.sqrt(spec.k) * 2 ** -24 * scale;
    return !(Math.abs((product[i] as number) - value) <= bound);
  });
  return wrong < 0 ? [] : [`${nameOf(spec)}: cell ${wrong} is ${product[wrong]}, not ${cells[wrong]?.value}`];
}

/** @param long all combinations; without it, each way of storing A, and of B, which does not influence the other's */
type Check = (backend: Backend, long: boolean) => Promise<Findings>;

/** Sizes at every edge, in all ways of storing them: in turn both alike, and one of them transposed. */
const sizes: Check = async (backend, long) => {
  const findings: string[] = [];
  const chosen = SPECS.flatMap((specs, i) =>
    specs.filter(({ transposeA, transposeB }) => long || (transposeA !== transposeB) === (i % 2 === 0)),
  );
  for (const [seed, spec] of chosen.entries()) {
    const [a, b] = operandsOf(spec, seed);
    findings.push(...wrongCells(await productOn(backend, a, b, spec), a, b, spec));
  }
  return findings;
};

/** Products of whole numbers are exact, whatever the order of the sums, also where inner sizes are large. */
const longSums: Check = async (backend) => {
  const findings: string[] = [];
  for (const spec of [specOf(3, 5003, 5), specOf(5, 4099, 130, { transposeA: true }), specOf(9, 2048, 17)]) {
    const [a, b] = operandSizes(spec).map((size, i) => wholeNumbers(size, i)) as [Float32Array, Float32Array];
    const product = await productOn(backend, a, b, spec);
    const wrong = productCells(a, b, spec).findIndex(({ value }, i) => product[i] !== value);
    if (wrong >= 0) findings.push(`${nameOf(spec)}: cell ${wrong} is ${product[wrong]}`);
  }
  return findings;
};

/** NaN and infinities reach the cells of their row or column, and no other, wherever they lie. */
const specials: Check = async (backend) => {
  const findings: string[] = [];
  for (const [m, k, n] of [
    [5, 6, 7],
    [16, 16, 16],
    [33, 21, 34],
  ] as const) {
    for (const [place, special] of [
      [0, Number.NaN],
      [m * k - 1, Number.NaN],
      [k, Infinity],
      [m * k - 1, -Infinity],
    ] as const) {
      const spec = specOf(m, k, n);
      const [a, b] = operandsOf(spec, place);
      a[place] = special;
      b[0] = 0;
      b[k * n - 1] = Infinity;
      const product = await productOn(backend, a, b, spec);
      const expected = productCells(a, b, spec).map(({ value }) => classOf(value));
      const wrong = expected.findIndex((kind, i) => kind !== classOf(product[i] as number));
      if (wrong >= 0)
        findings.push(`${nameOf(spec)} with ${special}: cell ${wrong} is ${product[wrong]}, not ${expected[wrong]}`);
    }
  }
  return findings;
};

function classOf(value: number): string {
  return Number.isFinite(value) ? "finite" : String(value);
}

const ACTIVATIONS: readonly Activation[] = [
  ...(["neg", "exp", "square", "abs", "sign", "tanh", "sigmoid", "relu", "softplus"] as const).map(
    (name: UnaryName) => ({
      name,
      parameters: [],
    }),
  ),
  { name: "leakyRelu", parameters: [0.2] },
  { name: "leakyRelu", parameters: [1] },
  { name: "clip", parameters: [-0.5, 0.25] },
  { name: "clip", parameters: [-Infinity, 0.25] },
];

/** Every activation after a bias at the first size, and one or none with and without a bias at others; or all at all. */
function endingsAt(place: number, long: boolean): { activation: Activation | undefined; biased: boolean }[] {
  const all = [undefined, ...ACTIVATIONS].flatMap((activation) => FLAGS.map((biased) => ({ activation, biased })));
  const taken = (name: string | undefined): boolean => name === undefined || name === "leakyRelu";
  return all.filter(({ activation, biased }) => long || (place === 0 ? biased : taken(activation?.name)));
}

/** Bias and activation, against the same in float64 on the product that was computed. */
const epilogues: Check = async (backend, long) => {
  const findings: string[] = [];
  const reference = new ReferenceBackend();
  const sizes = [
    [6, 5, 7],
    [32, 9, 16],
    [20, 3, 1],
  ] as const;
  for (const [place, [m, k, n]] of sizes.entries()) {
    const spec = specOf(m, k, n);
    const [a, b] = operandsOf(spec, m);
    a[k] = Number.NaN;
    const row = randomValues(new Random(n), n);
    const plain = await productOn(backend, a, b, spec);
    for (const { activation, biased } of endingsAt(place, long)) {
      const sums = Float64Array.from(plain, (x, i) => (biased ? Math.fround(x + (row[i % n] as number)) : x));
      const [bias, at] = [biased ? { bias: backend.upload(row) } : {}, activation ? { activation } : {}];
      const results = await productOn(backend, a, b, spec, { ...bias, ...at });
      const buffer = reference.upload(sums);
      const ended = activation ? reference.unary(activation.name, buffer, activation.parameters) : buffer;
      const expected = reference.readSync(ended);
      const wrong = results.findIndex((x, i) => !isClose(x, expected[i] as number));
      const what = `${nameOf(spec)} ${activation?.name ?? "no activation"}${biased ? ", biased" : ""}`;
      if (wrong >= 0) findings.push(`${what}: cell ${wrong} is ${results[wrong]}, not ${expected[wrong]}`);
    }
  }
  return findings;
};

function isClose(x: number, y: number): boolean {
  return Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-5 * Math.abs(y) + 1e-7;
}

/** Operands that kernels of gpu.js made, results that they read, and new kernels in between. */
const amongKernels: Check = async (backend) => {
  const findings: string[] = [];
  const sizes = [3, 16, 50, 21, 130];
  // twice: gpu.js sets some of its state when it makes a kernel, and not when it runs one
  for (const size of [...sizes, ...sizes]) {
    const spec = specOf(size, size + 1, size + 2);
    const [a, b] = operandsOf(spec, size);
    const [negativeA, doubleB] = [a.map((x) => -x), b.map((x) => x + x)];
    const left = backend.unary("neg", backend.upload(a), []);
    const right = { buffer: backend.upload(b), shape: [b.length] };
    const product = backend.matmul(left, backend.binary("add", right, right, [b.length]), spec);
    const twice = backend.unary("neg", backend.unary("neg", product, []), []);
    findings.push(...wrongCells(await backend.read(twice), negativeA, doubleB, spec));
    const total = backend.reduce("sum", { buffer: product, shape: [size, size + 2] }, [0, 1]);
    const cells = productCells(negativeA, doubleB, spec);
    const expected = cells.reduce((sum, { value }) => sum + value, 0);
    const bound = cells.reduce((sum, { scale }) => sum + 1e-5 * scale, 0);
    const [sum] = await backend.read(total);
    if (!(Math.abs((sum as number) - expected) <= bound))
      findings.push(`${nameOf(spec)}: the sum is ${sum}, not ${expected}`);
  }
  return findings;
};

/** Inner sizes of 0 give zeros, and then the epilogue; other sizes of 0 give nothing. */
const empty: Check = async (backend) => {
  const nothing = new Float32Array(0);
  const bias = backend.upload(Float32Array.of(1, -1, 2));
  const activation = { name: "leakyRelu", parameters: [0.5] } as const;
  const given = [
    await productOn(backend, nothing, nothing, specOf(2, 0, 3)),
    await productOn(backend, nothing, nothing, specOf(2, 0, 3), { bias, activation }),
    await productOn(backend, nothing, new Float32Array(6), specOf(0, 3, 2)),
  ];
  const expected = ["0,0,0,0,0,0", "1,-0.5,2,1,-0.5,2", ""];
  return expected.flatMap((values, i) => (given[i]?.join() === values ? [] : [`${given[i]?.join()} for ${values}`]));
};

const CHECKS = { sizes, longSums, specials, epilogues, amongKernels, empty };

/** The checks, by name. */
export type CheckName = keyof typeof CHECKS;

/** Runs a check in a mode that this page has; `long` leaves out no combination. */
export async function checkProducts(mode: GpuMode, name: CheckName, long: boolean): Promise<Findings> {
  const backend = await createGpuBackend(mode, gpuJs);
  try {
    return await CHECKS[name](backend, long);
  } finally {
    await backend.dispose();
  }
}
