// jax-js as a contestant, on its wasm device. It counts references: an argument is consumed, `.ref` keeps it. Calls
// return before they are done, so each waits for its result.

import { createRequire } from "node:module";
import { blockUntilReady, defaultDevice, init, jit, numpy as np } from "@jax-js/jax";
import { type Implementation, noPart, type Prepared } from "./implementation.js";
import { prepareJaxDcgan } from "./jax-js-dcgan.js";
import { prepareJaxGan } from "./jax-js-gan.js";
import type { ContestantSpec, FunctionName, FunctionTask, ProductTask, Task } from "./protocol.js";

const require = createRequire(import.meta.url);

/** Starts the wasm device. Throws where it cannot have as many threads. */
export async function createJaxJs({ threads }: ContestantSpec): Promise<Implementation> {
  if (threads > 1 && !("Worker" in globalThis)) {
    throw new Error("jax-js has threads only where there is a global Worker, and Node has none");
  }
  const devices = await init("wasm");
  if (!devices.includes("wasm")) throw new Error("jax-js does not start its wasm device");
  defaultDevice("wasm");
  return {
    about: () => ({ versions: { "@jax-js/jax": versionOf("@jax-js/jax") }, threads }),
    prepare,
  };
}

function versionOf(name: string): string {
  // its exports map hides package.json: look for it beside the entry
  return require(require.resolve(name).replace(/dist.[^/\\]+$/, "package.json")).version;
}

async function prepare(task: Task): Promise<Prepared> {
  if (task.kind === "product") return prepareProduct(task);
  if (task.kind === "function") return prepareFunction(task);
  if (task.kind === "gan" && !task.draws) return prepareJaxGan(task);
  if (task.kind === "dcgan") return prepareJaxDcgan(task);
  throw noPart("jax-js", task);
}

function prepareProduct({ m, k, n, transposeA, a, b }: ProductTask): Promise<Prepared> {
  const left = np.array(a, { shape: transposeA ? [k, m] : [m, k] });
  const right = np.array(b, { shape: [k, n] });
  const product = jit((x: np.Array, y: np.Array) => np.matmul(transposeA ? np.transpose(x) : x, y));
  return fromCall(() => product(left.ref, right.ref));
}

function prepareFunction({ name, shape, inputs }: FunctionTask): Promise<Prepared> {
  const [x, y] = inputs.map((values) => np.array(values, { shape: [...shape] })) as [np.Array, np.Array];
  const binary = (compute: (a: np.Array, b: np.Array) => np.Array) => {
    const compiled = jit(compute);
    return () => compiled(x.ref, y.ref);
  };
  const unary = (compute: (a: np.Array) => np.Array) => {
    const compiled = jit(compute);
    return () => compiled(x.ref);
  };
  const calls: Record<FunctionName, () => () => np.Array> = {
    add: () => binary((a, b) => a.add(b)),
    mul: () => binary((a, b) => a.mul(b)),
    tanh: () => unary((a) => np.tanh(a)),
    exp: () => unary((a) => np.exp(a)),
    sum: () => unary((a) => np.sum(a)),
    sumRows: () => unary((a) => np.sum(a, 0)),
    max: () => unary((a) => np.max(a)),
  };
  return fromCall(calls[name]());
}

async function fromCall(compute: () => np.Array): Promise<Prepared> {
  return {
    result: Float32Array.from(await compute().data()),
    call: async () => {
      const result = compute();
      await blockUntilReady(result);
      result.dispose();
    },
  };
}
