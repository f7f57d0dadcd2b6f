// WebGPU, in Node by the package webgpu and a Vulkan driver.

import { describeDevice } from "./gpu-device-suite.js";

await describeDevice("webgpu");
