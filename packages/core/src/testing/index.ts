// @adjoint/core/testing: checks of derivatives, for the library's own tests and for yours.

export {
  type CheckedFunction,
  type CheckInput,
  type CheckOptions,
  type CheckReport,
  checkAdjoint,
  checkGradients,
  checkSecondGradients,
} from "./gradient-check.js";
