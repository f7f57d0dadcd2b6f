// Tensors that stay in the backend's own memory, as the operands of peers do. Others that belong to no scope are
// ordinary arrays, copied in whenever they are used.

import { Parameter, type Shape, type Tensor, tensor } from "@adjoint/core";

/** Values of a shape, in the backend's memory for as long as they are referenced. */
export function resident(values: Float32Array | Tensor, shape: Shape): Parameter {
  const parameter = new Parameter(values instanceof Float32Array ? tensor(values, { shape }) : values, "operand");
  parameter.freeze();
  return parameter;
}
