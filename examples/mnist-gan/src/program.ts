// The program as a function: arguments in, an exit code out, and for a user's error one line instead of a stack.

import { AdjointError } from "@adjoint/core";
import { parseOptions } from "./options.js";
import type { Output } from "./run/progress.js";

const FAILED = 1;
const WRONG_OPTION = 2;

/**
 * Runs the program.
 *
 * @param args what follows the program's name
 * @returns the exit code: 0; 1 for an error with data, backend, files or training; 2 for a wrong option; 130 or 143
 *   for a run that a signal ended
 * @throws whatever is a mistake in the program itself
 */
export async function runProgram(args: readonly string[], output: Output, errors: Output): Promise<number> {
  const invocation = parseOptions(args);
  switch (invocation.kind) {
    case "help":
      output.write(invocation.text);
      return 0;
    case "wrong":
      errors.write(`mnist-gan: ${invocation.message}\n`);
      return WRONG_OPTION;
    case "run":
      try {
        // loaded only now, so that --help and a wrong option are answered at once
        const { trainGan } = await import("./train-gan.js");
        return await trainGan(invocation, output);
      } catch (error) {
        if (!isUsersError(error)) throw error;
        errors.write(`mnist-gan: ${error.message.replace(/\s*\n\s*/g, " ")}\n`);
        return FAILED;
      }
  }
}

/** Whether an error is one of adjoint's, or one of the operating system's: a missing file, no permission, no space. */
function isUsersError(error: unknown): error is Error {
  return error instanceof AdjointError || (error instanceof Error && "syscall" in error);
}
