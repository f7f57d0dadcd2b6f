// Installs, builds and runs one program of the workspace, in this very process: its exit code is the program's, and
// there is no process in between that signals, the terminal or standard input would have to be passed through.

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { buildOrExit } from "./build.mjs";
import { install } from "./install.mjs";
import { foldInterrupts } from "./interrupts.mjs";
import { PROJECTS, projectsFor, ROOT } from "./workspace.mjs";

/**
 * Runs a project's program with the options that this process was given.
 *
 * @param {import("./workspace.mjs").ProjectName} name
 * @param {string} [program] what of its build is run; what workspace.mjs names by default
 */
export async function launch(name, program = PROJECTS[name].output) {
  const { code } = await install(name);
  if (code !== 0) process.exit(code);
  await buildOrExit(projectsFor(name));
  const main = join(ROOT, PROJECTS[name].folder, program);
  foldInterrupts();
  process.setSourceMapsEnabled(true);
  process.argv[1] = main;
  await import(pathToFileURL(main).href);
}
