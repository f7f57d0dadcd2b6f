// The modes of the gpu backend that need no GPU, in Node. Their values are checked with those of all backends.

import { startInNode } from "./mode.js";
import { describeMode } from "./mode-suite.js";

describeMode({ name: "gpu:webasm", start: () => startInNode("webasm") });
describeMode({ name: "gpu:cpu", start: () => startInNode("cpu") });
