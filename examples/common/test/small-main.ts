// The small program as a process.

import { runMain } from "../src/index.js";
import { smallProgram } from "./small-program.js";

await runMain(smallProgram);
