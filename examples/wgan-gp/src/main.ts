// The program's entry. Options and exit codes are explained in README.md and by --help.

import { runMain } from "@adjoint/example-common";
import { wganGp } from "./wgan-gp.js";

await runMain(wganGp);
