// Backends that compute wrongly, each in a way of its own, which a doctor must notice.

import {
  type Activation,
  type BackendBuffer,
  type BinaryName,
  type Epilogue,
  type FloatArray,
  type MatmulSpec,
  type Operand,
  ReferenceBackend,
  type Shape,
  type UnaryName,
} from "@adjoint/core";

/** Off by 3e-5 in one function. */
export class Inaccurate extends ReferenceBackend {
  override unary(name: UnaryName, x: BackendBuffer, parameters: readonly number[]) {
    const y = super.unary(name, x, parameters);
    if (name !== "tanh") return y;
    return this.upload(this.readSync(y).map((value) => value * (1 + 3e-5)) as FloatArray);
  }
}

/** Right in every op, wrong in the fast path of a gradient. */
export class WrongGradient extends ReferenceBackend {
  activationGradient(_: Activation, dy: BackendBuffer): BackendBuffer {
    return super.unary("square", dy, []);
  }
}

/** Within all tolerances, and never twice the same. */
export class Unsteady extends ReferenceBackend {
  #calls = 0;

  override matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, epilogue?: Epilogue) {
    const product = this.readSync(super.matmul(a, b, spec, epilogue));
    product[0] = (product[0] as number) * (1 + ++this.#calls * 2 ** -23);
    return this.upload(product);
  }
}

/** Throws in one function, with a path in its message. */
export class Throwing extends ReferenceBackend {
  override binary(name: BinaryName, a: Operand, b: Operand, shape: Shape) {
    if (name === "pow") throw new TypeError("pow broke in /home/alice/kernels.js:3");
    return super.binary(name, a, b, shape);
  }
}

/** Answers later, and not at all after some time. */
export class Dying extends ReferenceBackend {
  #reads = 0;

  override async read(buffer: BackendBuffer): Promise<FloatArray> {
    if (++this.#reads > 20) throw new Error("the device was lost");
    return super.read(buffer);
  }
}

/** NaN in the last element of large results, as from a kernel that leaves out the rest of its last tile. */
export class Unfinished extends ReferenceBackend {
  override matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, epilogue?: Epilogue) {
    const product = this.readSync(super.matmul(a, b, spec, epilogue));
    if (product.length > 10_000) product[product.length - 1] = Number.NaN;
    return this.upload(product);
  }
}
