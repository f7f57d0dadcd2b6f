// adjoint as a contestant. Operands are parameters, which stay in the backend's own memory, and each call is a scope,
// as in a step of training.

import { createRequire } from "node:module";
import {
  add,
  type Backend,
  type BackendName,
  backendNames,
  exp,
  max,
  mul,
  noGradient,
  scope,
  sum,
  type Tensor,
  tanh,
  tensor,
  useBackend,
  WasmBackend,
} from "@adjoint/core";
import { prepareDcgan } from "./adjoint-dcgan.js";
import { prepareFreezing } from "./adjoint-freezing.js";
import { prepareGan } from "./adjoint-gan.js";
import { prepareProduct } from "./adjoint-product.js";
import { resident } from "./adjoint-resident.js";
import type { Implementation, Prepared } from "./implementation.js";
import type { About, ContestantSpec, FunctionName, FunctionTask, Task } from "./protocol.js";

const require = createRequire(import.meta.url);

const functions: Readonly<Record<FunctionName, (...inputs: Tensor[]) => Tensor>> = {
  add: (a, b) => add(a as Tensor, b as Tensor),
  mul: (a, b) => mul(a as Tensor, b as Tensor),
  tanh: (x) => tanh(x as Tensor),
  exp: (x) => exp(x as Tensor),
  sum: (x) => sum(x as Tensor),
  sumRows: (x) => sum(x as Tensor, { axis: [0] }),
  max: (x) => max(x as Tensor),
};

/** Starts the backend that is asked for. Rejects, with the library's own words, where it cannot be had. */
export async function createAdjoint({
  backend: name = "wasm",
  threads,
  wide,
}: ContestantSpec): Promise<Implementation> {
  if (!isBackendName(name)) throw new Error(`this version of adjoint has no backend "${name}"`);
  const { backend } = await useBackend(
    name,
    name === "wasm" || name === "blas" ? { threads, wide: wide === true } : {},
  );
  if (backend instanceof WasmBackend) await backend.ready();
  // threads and devices may still be computing when a call returns
  const settle = async () => void (await tensor([1]).add(1).data());
  return { about: () => describe(backend), prepare: async (task) => ({ ...(await prepare(task, backend)), settle }) };
}

/** A backend that is known only by what another version of the library says of itself. */
function isBackendName(name: string): name is BackendName {
  return (backendNames() as readonly string[]).includes(name);
}

function describe(backend: Backend): About {
  const { products, threads } = backend.info();
  const versions = {
    "@adjoint/core": versionOf("@adjoint/core"),
    ...(products.includes("gpu.js") ? { "gpu.js": versionOf("gpu.js") } : {}),
  };
  const core = /^OpenBLAS \S+ \((\w+)\)$/.exec(products)?.[1];
  return { versions, threads, note: products, ...(core ? { blasCore: core } : {}) };
}

function versionOf(name: string): string {
  return require(`${name}/package.json`).version;
}

function prepare(task: Task, backend: Backend): Prepared | Promise<Prepared> {
  if (task.kind === "product") return prepareProduct(task);
  if (task.kind === "function") return prepareFunction(task, backend);
  if (task.kind === "dcgan") return prepareDcgan(task);
  return task.kind === "gan" ? prepareGan(task) : prepareFreezing(task);
}

function prepareFunction({ name, shape, inputs }: FunctionTask, backend: Backend): Promise<Prepared> {
  const operands = inputs.map((values) => resident(values, shape));
  return fromCall(() => functions[name](...operands), backend);
}

/** A gpu backend puts elementwise ops off until something needs them: there, a call ends when its result is read. */
export async function fromCall(compute: () => Tensor, backend: Backend): Promise<Prepared> {
  const isLazy = backend.name.startsWith("gpu");
  const read = async () => {
    const result = scope(() => noGradient(compute));
    const values = await result.data();
    result.dispose();
    return values;
  };
  const run = () => {
    scope(() => {
      compute();
    });
  };
  return { result: Float32Array.from(await read()), call: isLazy ? async () => void (await read()) : run };
}
