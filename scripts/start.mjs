// `npm start [-- options]`: installs what the example needs, builds it, and trains the GAN.
// All options are the example's: `npm start -- --help` explains them.

import { launch } from "./lib/launch.mjs";

await launch("mnist-gan");
