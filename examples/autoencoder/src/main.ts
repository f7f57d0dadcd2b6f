// The program's entry. Options and exit codes are explained in README.md and by --help.

import { runMain } from "@adjoint/example-common";
import { autoencoder } from "./autoencoder.js";

await runMain(autoencoder);
