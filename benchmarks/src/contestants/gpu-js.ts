// gpu.js as a contestant: the product of its own README, with literal sizes, on its webasm mode. With more than one
// thread it is asynchronous.

import { createRequire } from "node:module";
import { type Implementation, noPart, type Prepared } from "./implementation.js";
import type { ContestantSpec, FunctionName, FunctionTask, ProductTask, Task } from "./protocol.js";

interface Kernel {
  (...inputs: readonly unknown[]): Float32Array[] | Promise<Float32Array[]>;
  destroy(): void;
  readonly kernel: { readonly constructor: { readonly mode?: string } };
}

interface GpuJs {
  readonly GPU: new (settings: object) => { createKernel(source: string, settings: object): Kernel };
  readonly input: (values: Float32Array, size: readonly number[]) => unknown;
}

const require = createRequire(import.meta.url);

const EXPRESSIONS: Readonly<Partial<Record<FunctionName, string>>> = {
  add: "a[this.thread.y][this.thread.x] + b[this.thread.y][this.thread.x]",
  mul: "a[this.thread.y][this.thread.x] * b[this.thread.y][this.thread.x]",
  tanh: "Math.tanh(a[this.thread.y][this.thread.x])",
  exp: "Math.exp(a[this.thread.y][this.thread.x])",
};

/** Loads gpu.js. Throws where its mode does not run here. */
export async function createGpuJs({ backend: mode = "webasm", threads }: ContestantSpec): Promise<Implementation> {
  const library: GpuJs = require("gpu.js");
  const gpu = new library.GPU({ mode });
  const createKernel = (source: string, output: readonly number[]) =>
    gpu.createKernel(source, {
      output,
      precision: "single",
      ...(threads > 1 ? { asyncMode: true, poolSize: threads } : {}),
    });
  const context = { library, createKernel, mode };
  return {
    about: () => ({ versions: { "gpu.js": require("gpu.js/package.json").version }, threads }),
    prepare: async (task) => prepare(context, task),
  };
}

interface Context {
  readonly library: GpuJs;
  readonly createKernel: (source: string, output: readonly number[]) => Kernel;
  readonly mode: string;
}

function prepare(context: Context, task: Task): Promise<Prepared> {
  if (task.kind === "product") return prepareProduct(context, task);
  if (task.kind === "function") return prepareFunction(context, task);
  throw noPart("gpu.js", task);
}

async function prepareProduct(context: Context, { m, k, n, transposeA, a, b }: ProductTask): Promise<Prepared> {
  const left = transposeA ? "a[i][this.thread.y]" : "a[this.thread.y][i]";
  const source = `function (a, b) {
    let sum = 0;
    for (let i = 0; i < ${k}; i++) sum += ${left} * b[i][this.thread.x];
    return sum;
  }`;
  const { input } = context.library;
  const inputs = [input(a, transposeA ? [m, k] : [k, m]), input(b, [n, k])];
  return fromKernel(context, context.createKernel(source, [n, m]), inputs);
}

async function prepareFunction(context: Context, task: FunctionTask): Promise<Prepared> {
  const expression = EXPRESSIONS[task.name];
  if (!expression) throw new Error(`gpu.js has no reduction: one cell computes one value`);
  const [rows, columns] = task.shape;
  const names = ["a", "b"].slice(0, task.inputs.length);
  const source = `function (${names.join(", ")}) { return ${expression}; }`;
  const inputs = task.inputs.map((values) => context.library.input(values, [columns, rows]));
  return fromKernel(context, context.createKernel(source, [columns, rows]), inputs);
}

async function fromKernel({ mode }: Context, kernel: Kernel, inputs: readonly unknown[]): Promise<Prepared> {
  const rows = await kernel(...inputs);
  const taken = kernel.kernel.constructor.mode;
  if (taken !== mode) throw new Error(`gpu.js took its mode ${taken} instead of ${mode}`);
  return {
    result: Float32Array.from(rows.flatMap((row) => [...row])),
    call: () => {
      const pending = kernel(...inputs);
      return pending instanceof Promise ? pending.then(() => {}) : undefined;
    },
    forget: () => kernel.destroy(),
  };
}
