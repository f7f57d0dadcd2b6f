// `npm run coverage`: installs and builds everything, then runs the tests and reports which lines of the core they reach.
// The table is printed; coverage/index.html shows the lines.

import { nodeCommand, run } from "./lib/run.mjs";

for (const command of [nodeCommand("../scripts/build.mjs"), nodeCommand("vitest/vitest.mjs", "run", "--coverage")]) {
  const { code } = await run(command);
  if (code !== 0) process.exit(code);
}
