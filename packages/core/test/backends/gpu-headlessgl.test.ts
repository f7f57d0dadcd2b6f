// WebGL in Node by the package gl, compiled, and a display.

import { describeDevice } from "./gpu-device-suite.js";

await describeDevice("headlessgl");
