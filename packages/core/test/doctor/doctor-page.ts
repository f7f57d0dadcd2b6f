// The page of the doctor's tests: the library's sources, gpu.js included.

import { type Diagnosis, diagnose } from "@adjoint/core/doctor";

declare global {
  var diagnoseHere: () => Promise<Diagnosis>;
}

globalThis.diagnoseHere = () => diagnose({ quick: true });
