// @adjoint/core/doctor: what this machine has, whether it computes rightly, and how fast.

export type { Candidate } from "./candidates.js";
export type { Finding } from "./comparison.js";
export {
  type DiagnoseOptions,
  type Diagnosis,
  diagnose,
  type FoundBackend,
  type MissingBackend,
  type Recommendation,
} from "./diagnose.js";
export type { Environment } from "./environment.js";
export { type Examination, type ExamineOptions, examine } from "./examine.js";
export { formatDiagnosis } from "./format.js";
export type { Speed } from "./speed.js";
