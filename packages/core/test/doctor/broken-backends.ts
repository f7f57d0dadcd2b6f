// Backends that compute wrongly, each in a way of its own, which a doctor must notice: the wasm backend with a method
// that is not as it should be.

import type {
  Activation,
  Backend,
  BackendBuffer,
  BinaryName,
  Epilogue,
  FloatArray,
  MatmulSpec,
  Operand,
  ReduceName,
  Shape,
  StridedView,
  UnaryName,
} from "@adjoint/core";
import { createWasmBackend, type WasmBackend } from "../../src/backends/wasm/index.js";

type Start = () => Promise<Backend>;

/** Starts a backend that computes rightly. */
export function sound(): Promise<WasmBackend> {
  return createWasmBackend({ threads: 1 });
}

/** @param methods what takes the place of methods of a sound backend, made from those */
function broken(methods: (right: WasmBackend) => Partial<Backend>): Start {
  return async () => {
    const backend = await sound();
    return Object.assign(backend, methods(backend));
  };
}

/** Off by 3e-5 in one function. */
export const inaccurate = broken((right) => {
  const unary = right.unary.bind(right);
  return {
    unary(name: UnaryName, x: BackendBuffer, parameters: readonly number[]) {
      const y = unary(name, x, parameters);
      if (name !== "tanh") return y;
      return right.upload(right.readSync(y).map((value) => value * (1 + 3e-5)) as FloatArray);
    },
  };
});

/** Right in every op, wrong in the fast path of a gradient. */
export const wrongGradient = broken((right) => ({
  activationGradient: (_: Activation, dy: BackendBuffer) => right.unary("square", dy, []),
}));

/** Within all tolerances, and never twice the same. */
export const unsteady = broken((right) => {
  const matmul = right.matmul.bind(right);
  let calls = 0;
  return {
    matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, epilogue?: Epilogue) {
      const product = right.readSync(matmul(a, b, spec, epilogue)).slice();
      product[0] = (product[0] as number) * (1 + ++calls * 2 ** -23);
      return right.upload(product);
    },
  };
});

/** Throws in one function, with a path in its message. */
export const throwing = broken((right) => {
  const binary = right.binary.bind(right);
  return {
    binary(name: BinaryName, a: Operand, b: Operand, shape: Shape) {
      if (name === "pow") throw new TypeError("pow broke in /home/alice/kernels.js:3");
      return binary(name, a, b, shape);
    },
  };
});

/** Answers later, and not at all after some time. */
export const dying = broken((right) => {
  let reads = 0;
  return {
    async read(buffer: BackendBuffer) {
      if (++reads > 20) throw new Error("the device was lost");
      return right.readSync(buffer);
    },
  };
});

/** NaN in the last element of large results, as from a kernel that leaves out the rest of its last tile. */
export const unfinished = broken((right) => {
  const matmul = right.matmul.bind(right);
  return {
    matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, epilogue?: Epilogue) {
      const product = right.readSync(matmul(a, b, spec, epilogue)).slice();
      if (product.length > 10_000) product[product.length - 1] = Number.NaN;
      return right.upload(product);
    },
  };
});

/** Off by 1e-4 in the gradient of a convolution's kernel alone. */
export const wrongKernelGradient = broken((right) => {
  const convolveKernel = right.convolveKernel.bind(right);
  return {
    convolveKernel(...inputs: Parameters<typeof convolveKernel>) {
      const slopes = right.readSync(convolveKernel(...inputs));
      return right.upload(slopes.map((value) => value * (1 + 1e-4)) as FloatArray);
    },
  };
});

/** The last element of each window of an image that has more than one is that of the first. */
export const wrongWindows = broken((right) => {
  const copy = right.copy.bind(right);
  return {
    copy(x: BackendBuffer, view: StridedView) {
      const copied = copy(x, view);
      if (view.shape.length < 5) return copied;
      const values = right.readSync(copied).slice();
      values[values.length - 1] = values[0] as number;
      return right.upload(values);
    },
  };
});

/** Off by 1e-3 where it sums up all but the last of four axes. */
export const wrongSums = broken((right) => {
  const reduce = right.reduce.bind(right);
  return {
    reduce(name: ReduceName, x: Operand, axes: readonly number[]) {
      const sums = reduce(name, x, axes);
      if (axes.join() !== "0,1,2") return sums;
      return right.upload(right.readSync(sums).map((value) => value * (1 + 1e-3)) as FloatArray);
    },
  };
});
