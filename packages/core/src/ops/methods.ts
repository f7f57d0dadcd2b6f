// The ops as methods of Tensor: a.matmul(b) is matmul(a, b). To give an op a method, add its name here.

import { detach } from "../autodiff.js";
import { Tensor } from "../tensor.js";
import { leakyRelu, relu, sigmoid, softplus, tanh } from "./activations.js";
import {
  abs,
  add,
  clip,
  div,
  exp,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  sign,
  sqrt,
  square,
  sub,
} from "./arithmetic.js";
import { slice, transpose } from "./arranging.js";
import { broadcastTo, reshape } from "./broadcasting.js";
import { equal, greater, greaterEqual, less, lessEqual, notEqual, where } from "./comparison.js";
import { conv2d, convTranspose2d } from "./convolution.js";
import { gather } from "./indexing.js";
import { linear } from "./linear.js";
import { matmul } from "./matmul.js";
import { batchNorm, layerNorm } from "./normalization.js";
import { averagePool2d, maxPool2d, upSample } from "./pooling.js";
import { argMax, logSoftmax, max, mean, min, softmax, sum } from "./reductions.js";

const methods = {
  ...{ add, sub, mul, div, pow, maximum, minimum, neg, exp, log, sqrt, square, abs, clip, sign },
  ...{ equal, notEqual, less, lessEqual, greater, greaterEqual, where },
  ...{ tanh, sigmoid, relu, leakyRelu, softplus },
  ...{ sum, mean, max, min, argMax, softmax, logSoftmax },
  ...{ conv2d, convTranspose2d, maxPool2d, averagePool2d, upSample, batchNorm, layerNorm },
  ...{ matmul, linear, reshape, transpose, slice, gather, broadcastTo, detach },
};

type Method<F> = F extends (x: Tensor, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never;

/** Every op whose first argument is a tensor, as a method without that argument. */
export type TensorMethods = { readonly [Name in keyof typeof methods]: Method<(typeof methods)[Name]> };

for (const [name, op] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, {
    configurable: true,
    writable: true,
    value(this: Tensor, ...rest: unknown[]): unknown {
      return Reflect.apply(op, undefined, [this, ...rest]);
    },
  });
}
