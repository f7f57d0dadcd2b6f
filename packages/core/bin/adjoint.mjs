#!/usr/bin/env node
// `npx adjoint doctor`: see src/doctor/node/command.ts.

import { runCommand } from "../dist/command.js";

process.exitCode = await runCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  error: (text) => process.stderr.write(text),
  build: new URL("../dist/", import.meta.url),
});
