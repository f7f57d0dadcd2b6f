// Whether WebGPU can be had in Node: see provideVulkan in test/setup.ts for the driver.

import { gpuModes } from "../../src/backends/gpu/index.js";

/** Set where a machine without WebGPU in Node is a failure and no reason to leave tests out: in CI. */
const REQUIRED = process.env.ADJOINT_REQUIRE_WEBGPU === "1";

/** Why webgpu cannot be had in this process; empty where it can. Throws where it cannot and is required. */
export async function whyNoWebGpu(): Promise<string> {
  const report = (await gpuModes()).find(({ mode }) => mode === "webgpu");
  if (report?.available) return "";
  const reason = report?.detail ?? "gpu.js does not know it";
  if (REQUIRED) throw new Error(`ADJOINT_REQUIRE_WEBGPU is set, and webgpu cannot be had in Node: ${reason}`);
  return reason;
}
