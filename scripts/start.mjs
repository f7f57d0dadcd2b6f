// `npm start [-- options]`: installs what an example needs, builds it, and runs it. Its name is the first argument.
// All options are the example's: `npm start -- --help` explains them.

import { launch } from "./lib/launch.mjs";
import { PROGRAMS } from "./lib/workspace.mjs";

const name = process.argv.splice(2, 1)[0] ?? "";
const program = PROGRAMS.find((each) => each === name);
if (!program) {
  process.stderr.write(`start: expected one of ${PROGRAMS.join(", ")}, got ${name || "nothing"}\n`);
  process.exit(2);
}
await launch(program);
