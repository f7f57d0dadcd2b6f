// Products by kernels of our own, on the device and with the handles of gpu.js. A mode that has them uses them for all
// products that they take, and gpu.js's own kernels for the rest.

import type { Activation, MatmulSpec } from "../backend.js";
import type { Handle, Pending } from "./handle.js";

/** The operands of a product, each of as many values as the product's sizes say. */
export interface ProductHandles {
  readonly a: Handle;
  readonly b: Handle;
  /** One value for each column, to be added. */
  readonly bias?: Handle | undefined;
}

/** What a device multiplies with. */
export interface DeviceProducts {
  /** Whether it computes such a product, none of whose sizes is 0, with such an activation. */
  takes(spec: MatmulSpec, activation?: Activation): boolean;
  /**
   * The product of A and B as `spec` describes them, plus the bias, through the activation, as a handle of its own. The
   * work is handed to the device before this returns, so that operands may be given up at once.
   *
   * @throws BackendError (or rejects with it) where the device refuses the work
   */
  multiply(operands: ProductHandles, spec: MatmulSpec, activation?: Activation): Pending<Handle>;
  /** Gives back what is kept for products to come. */
  close(): void;
}
