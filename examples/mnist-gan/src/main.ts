// The program's entry: what belongs to the process, and nothing else. Options and exit codes are explained in
// README.md and by --help.

import { runProgram } from "./program.js";

// a reader that goes away (`… | head`) ends the printing, not the training
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await runProgram(process.argv.slice(2), process.stdout, process.stderr);
