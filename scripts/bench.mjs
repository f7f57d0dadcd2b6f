// `npm run bench [-- options]`: installs what the benchmarks need, builds them, and runs them.
// All options are theirs.

import { launch } from "./lib/launch.mjs";

await launch("benchmarks");
