// Plain gpu.js in the page: the product of its own README, with literal sizes, on operands that stay on the device.

import { GPU } from "gpu.js";
import { noPart, type Prepared } from "../contestants/implementation.js";
import type { ProductTask } from "../contestants/protocol.js";
import type { PageLibrary } from "./page.js";

/** What stays on the device. */
interface Handle {
  toArray(): Promise<Float32Array[]> | Float32Array[];
  delete(): void;
}

/** A kernel, as it behaves; gpu.js's typings know of no promises. */
interface Kernel {
  (...inputs: readonly unknown[]): Promise<Handle> | Handle;
  destroy(): void;
}

type Mode = "webgpu" | "webgl2";

/** What of gpu.js is used here. */
type GpuClass = new (settings: { readonly mode: Mode }) => { createKernel(source: string, settings: object): Kernel };

/** Multiply-adds up to which it takes part. */
const MOST_WORK = 2 ** 27;

/** gpu.js in a mode. */
export function gpuJsIn(mode: Mode): PageLibrary {
  const library: unknown = GPU;
  const gpu = new (library as GpuClass)({ mode });
  const createKernel = (source: string, output: readonly number[]): Kernel =>
    gpu.createKernel(source, { output, precision: "single", pipeline: true, immutable: true });
  const one = createKernel("function () { return 1; }", [1, 1]);
  return {
    select: async () => {},
    prepare: async (task) => {
      if (task.kind === "product") return prepareProduct(createKernel, task);
      throw noPart("gpu.js in a page", task);
    },
    settle: async () => {
      const handle = await one();
      await handle.toArray();
      handle.delete();
    },
  };
}

async function prepareProduct(
  createKernel: (source: string, output: readonly number[]) => Kernel,
  { m, k, n, transposeA, a, b }: ProductTask,
): Promise<Prepared> {
  if (m * k * n > MOST_WORK)
    throw new Error("above 512×512×512 a call of plain gpu.js takes many seconds where a processor plays the GPU");
  const rowsOf = (values: Float32Array, width: number) =>
    Array.from({ length: values.length / width }, (_, i) => values.subarray(i * width, (i + 1) * width));
  const [widthA, widthB] = [transposeA ? m : k, n];
  const copy = "function (x) { return x[this.thread.y][this.thread.x]; }";
  const copies = [createKernel(copy, [widthA, a.length / widthA]), createKernel(copy, [widthB, b.length / widthB])];
  const left = await copies[0]?.(rowsOf(a, widthA));
  const right = await copies[1]?.(rowsOf(b, widthB));
  const element = transposeA ? "a[i][this.thread.y]" : "a[this.thread.y][i]";
  const source = `function (a, b) {
    let sum = 0;
    for (let i = 0; i < ${k}; i++) sum += ${element} * b[i][this.thread.x];
    return sum;
  }`;
  const product = createKernel(source, [n, m]);
  const first = await product(left, right);
  const rows = await first.toArray();
  first.delete();
  return {
    result: Float32Array.from(rows.flatMap((row) => [...row])),
    call: async () => (await product(left, right)).delete(),
    forget: () => {
      for (const handle of [left, right]) handle?.delete();
      for (const kernel of [product, ...copies]) kernel.destroy();
    },
  };
}
