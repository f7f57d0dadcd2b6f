// The mode webgl2 of the gpu backend, in Chromium with SwiftShader.

import { NO_BROWSER, startInBrowser } from "./browser-mode.js";
import { describeMode } from "./mode-suite.js";

describeMode({
  name: "gpu:webgl2",
  reason: NO_BROWSER,
  start: () => startInBrowser("webgl2"),
  // each random call is a kernel to be compiled, for a program that plays a GPU
  examination: { part: 0.1 },
  canLose: true,
});
