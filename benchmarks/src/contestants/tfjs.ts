// TensorFlow.js as a contestant, on its wasm or its cpu backend.

import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import { type Implementation, noPart, type Prepared } from "./implementation.js";
import type { ContestantSpec, FunctionName, FunctionTask, ProductTask, Task } from "./protocol.js";
import { prepareTfjsGan } from "./tfjs-gan.js";

// CommonJS that names its exports only when it runs
const require = createRequire(import.meta.url);
type Core = typeof import("@tensorflow/tfjs-core");
type Wasm = typeof import("@tensorflow/tfjs-backend-wasm");

/** Starts the backend that is asked for. Throws where it cannot have as many threads. */
export async function createTfjs({ backend = "wasm", threads }: ContestantSpec): Promise<Implementation> {
  const tf: Core = require("@tensorflow/tfjs-core");
  // The package's entry comes without gradients. This file of it is bundled, since Node cannot load it as it is; it
  // registers them for all of the process.
  await import("@tensorflow/tfjs-core/dist/register_all_gradients.js");
  require(`@tensorflow/tfjs-backend-${backend}`);
  const wasm = backend === "wasm" ? await configureWasm(tf, threads) : undefined;
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs does not start its ${backend} backend`);
  await tf.ready();
  return {
    about: () => ({ versions: { "@tensorflow/tfjs": tf.version_core }, threads: wasm?.getThreadsCount() ?? 1 }),
    prepare: async (task) => prepare(tf, task),
  };
}

/** tfjs looks for its binaries with fetch unless it is told where they lie. */
async function configureWasm(tf: Core, threads: number): Promise<Wasm> {
  const wasm: Wasm = require("@tensorflow/tfjs-backend-wasm");
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  if (threads > 1 && !(await tf.env().getAsync("WASM_HAS_MULTITHREAD_SUPPORT"))) {
    throw new Error("tfjs has its threads switched off in Node: WASM_HAS_MULTITHREAD_SUPPORT is false");
  }
  wasm.setThreadsCount(threads);
  return wasm;
}

function prepare(tf: Core, task: Task): Prepared | Promise<Prepared> {
  if (task.kind === "product") return prepareProduct(tf, task);
  if (task.kind === "function") return prepareFunction(tf, task);
  if (task.kind === "gan" && !task.draws) return prepareTfjsGan(tf, task);
  throw noPart("tfjs", task);
}

function prepareProduct(tf: Core, { m, k, n, transposeA, a, b }: ProductTask): Prepared {
  const left = tf.tensor2d(a, transposeA ? [k, m] : [m, k]);
  const right = tf.tensor2d(b, [k, n]);
  return fromCall(tf, [left, right], () => tf.matMul(left, right, transposeA));
}

function prepareFunction(tf: Core, { name, shape, inputs }: FunctionTask): Prepared {
  const [x, y] = inputs.map((values) => tf.tensor2d(values, [...shape])) as [Tensor2D, Tensor2D];
  const functions: Record<FunctionName, () => Tensor> = {
    add: () => tf.add(x, y),
    mul: () => tf.mul(x, y),
    tanh: () => tf.tanh(x),
    exp: () => tf.exp(x),
    sum: () => tf.sum(x),
    sumRows: () => tf.sum(x, 0),
    max: () => tf.max(x),
  };
  return fromCall(tf, y ? [x, y] : [x], functions[name]);
}

function fromCall(tf: Core, operands: Tensor[], compute: () => Tensor): Prepared {
  return {
    result: Float32Array.from(tf.tidy(compute).dataSync()),
    call: () => compute().dispose(),
    forget: () => tf.dispose(operands),
  };
}
