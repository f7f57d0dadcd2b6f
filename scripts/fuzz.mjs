// `npm run fuzz`: installs everything, then gives the readers of files 200,000 hostile ones, or as many as the
// environment variable ADJOINT_FUZZ_CASES says, and prints how many were read and refused. ADJOINT_SEED repeats a run.

import { install } from "./lib/install.mjs";
import { nodeCommand, run } from "./lib/run.mjs";

const installed = await install("everything");
if (installed.code !== 0) process.exit(installed.code);
const vitest = nodeCommand("vitest/vitest.mjs", "run", "packages/core/test/io/fuzz.test.ts");
const { code } = await run(vitest, { env: { ADJOINT_FUZZ_CASES: process.env.ADJOINT_FUZZ_CASES || "200000" } });
process.exit(code);
