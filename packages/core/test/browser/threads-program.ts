// A program for a Node process of its own: computes with the backend and the number of threads that its two arguments
// name ("default" names none), leaves all parts to the workers where there are some, and prints what came of it.

import { AdjointError, type BackendName, ones, useBackend, WasmBackend } from "@adjoint/core";
import { leaveAllToWorkers, watchWorkers } from "./worker-census.js";

const [name, threads] = (process.env.ADJOINT_TEST ?? "").split(" ");
const census = watchWorkers();
try {
  const options = threads === "default" ? {} : { threads: Number(threads) };
  const { backend } = await useBackend(name as BackendName, options);
  if (!(backend instanceof WasmBackend)) throw new Error(`useBackend gave ${backend.name}`);
  const before = backend.info();
  await backend.ready();
  const after = backend.info();
  if (after.threads > 1) leaveAllToWorkers();
  const product = ones([257, 129])
    .matmul(ones([129, 255]))
    .sum()
    .itemSync();
  const helped = census.parts().some((count) => count > 0);
  console.log(JSON.stringify({ same: JSON.stringify(before) === JSON.stringify(after), ...after, product, helped }));
} catch (error) {
  console.log(JSON.stringify({ own: error instanceof AdjointError, error: String(error) }));
}
