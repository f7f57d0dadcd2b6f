// The program's entry. Options and exit codes are explained in README.md and by --help.

import { runMain } from "@adjoint/example-common";
import { dcgan } from "./dcgan.js";

await runMain(dcgan);
