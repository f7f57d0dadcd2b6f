// The mode webgpu of the gpu backend, in Chromium with SwiftShader.

import { NO_BROWSER, startInBrowser } from "./browser-mode.js";
import { describeMode } from "./mode-suite.js";

describeMode({
  name: "gpu:webgpu",
  reason: NO_BROWSER,
  start: () => startInBrowser("webgpu"),
  // each random call is a kernel to be compiled, for a program that plays a GPU; webgpu-node.test.ts has more of them
  examination: { part: 0.05 },
  canLose: true,
});
