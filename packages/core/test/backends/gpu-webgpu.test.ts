// WebGPU, in Node by the package webgpu 0.3.10 and a Vulkan driver.

import { describeDevice } from "./gpu-device-suite.js";

await describeDevice("webgpu");
