// A program as a function: arguments in, an exit code out, and for a user's error one line instead of a stack. And as
// a process.

import { AdjointError } from "@adjoint/core";
import { parseOptions } from "./options.js";
import type { Program } from "./program.js";
import type { Output } from "./run/progress.js";

const FAILED = 1;
const WRONG_OPTION = 2;

/** Runs a program as this process: its arguments, its output, and its exit code. */
export async function runMain<Name extends string, Own extends object>(program: Program<Name, Own>): Promise<void> {
  // a reader that goes away (`… | head`) ends the printing, not the training
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  process.exitCode = await runProgram(program, process.argv.slice(2), process.stdout, process.stderr);
}

/**
 * Runs a program.
 *
 * @param args what follows the program's name
 * @returns the exit code: 0; 1 for an error with data, backend, files or training; 2 for a wrong option; 130 or 143
 *   for a run that a signal ended
 * @throws whatever is a mistake in the program itself
 */
export async function runProgram<Name extends string, Own extends object>(
  program: Program<Name, Own>,
  args: readonly string[],
  output: Output,
  errors: Output,
): Promise<number> {
  const invocation = parseOptions<Own>(program, args);
  switch (invocation.kind) {
    case "help":
      output.write(invocation.text);
      return 0;
    case "wrong":
      errors.write(`${program.name}: ${invocation.message}\n`);
      return WRONG_OPTION;
    case "run":
      try {
        // loaded only now, so that --help and a wrong option are answered at once
        const { train } = await import("./train.js");
        return await train(program, invocation, output);
      } catch (error) {
        if (!isUsersError(error)) throw error;
        errors.write(`${program.name}: ${error.message.replace(/\s*\n\s*/g, " ")}\n`);
        return FAILED;
      }
  }
}

/** Whether an error is one of adjoint's, or one of the operating system's: a missing file, no permission, no space. */
function isUsersError(error: unknown): error is Error {
  return error instanceof AdjointError || (error instanceof Error && "syscall" in error);
}
