// `npm run soak -- --minutes N`: installs everything, then trains for N minutes (10 by default) while runs are killed at
// random moments, checkpoints damaged and disks filled, and compares each run that ends with one that nothing happened
// to. Prints what was done. ADJOINT_SEED repeats the choice of faults.

import { parseArgs } from "node:util";
import { install } from "./lib/install.mjs";
import { nodeCommand, run } from "./lib/run.mjs";

const minutes = readMinutes();
const installed = await install("everything");
if (installed.code !== 0) process.exit(installed.code);
const vitest = nodeCommand("vitest/vitest.mjs", "run", "examples/mnist-gan/test/soak.test.ts");
const { code } = await run(vitest, { env: { ADJOINT_SOAK_MINUTES: String(minutes) } });
process.exit(code);

/** What --minutes says; ends this process where the options are wrong. */
function readMinutes() {
  let problem = "";
  try {
    const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
    const minutes = Number(values.minutes);
    if (minutes > 0 && Number.isFinite(minutes)) return minutes;
    problem = `--minutes must be a number > 0, got ${values.minutes}`;
  } catch (error) {
    problem = `${/** @type {Error} */ (error).message.split(".")[0]}; expected --minutes <number>, or nothing`;
  }
  process.stderr.write(`soak: ${problem}\n`);
  process.exit(2);
}
