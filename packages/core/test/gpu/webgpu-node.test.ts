// The mode webgpu of the gpu backend in Node, by the package webgpu, with a GPU or with SwiftShader.

import { startInNode } from "./mode.js";
import { describeMode } from "./mode-suite.js";
import { whyNoWebGpu } from "./node-webgpu.js";

describeMode({
  name: "gpu:webgpu",
  reason: await whyNoWebGpu(),
  start: () => startInNode("webgpu"),
  examination: { part: 0.1 },
});
