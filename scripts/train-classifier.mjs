// `npm run train-classifier [-- --epochs N --seed N --out FILE]`: installs and builds what it takes, and trains the
// classifier of packages/measures: its weights, which lie there, are what this writes.

import { launch } from "./lib/launch.mjs";

await launch("measures", "dist/train-classifier.js");
