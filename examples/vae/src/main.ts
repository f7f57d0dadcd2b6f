// The program's entry. Options and exit codes are explained in README.md and by --help.

import { runMain } from "@adjoint/example-common";
import { vae } from "./vae.js";

await runMain(vae);
