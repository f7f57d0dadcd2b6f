// The program of `npm run measure`. Options and exit codes are explained by --help.

import { runMeasure } from "./program.js";

process.exitCode = await runMeasure(process.argv.slice(2), process.stdout, process.stderr);
