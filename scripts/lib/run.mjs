// Runs other programs: Node scripts of installed packages, npm, and pnpm by way of npm.

import { spawn } from "node:child_process";
import { basename, join } from "node:path";
import { PNPM, ROOT } from "./workspace.mjs";

/**
 * What a program ended with. `output` is what it wrote, where that was captured.
 *
 * @typedef {{ code: number, output: string }} Outcome
 */

/**
 * Runs a program without a shell and without input, and waits for its end.
 *
 * @param {readonly string[]} command the program and its arguments
 * @param {{ folder?: string, env?: Record<string, string>, capture?: boolean }} [options] `folder` relative to the
 *   root; with `capture` the output is returned, else it is shown
 * @returns {Promise<Outcome>}
 */
export function run([program = "", ...args], { folder = ".", env = {}, capture = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: join(ROOT, folder),
      env: { ...process.env, ...env },
      stdio: capture ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
      // Node starts .cmd files, which npm is on Windows where it is found by its name alone, only through a shell.
      shell: process.platform === "win32" && program === "npm",
    });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/**
 * A Node script that a package of the root has in its folder.
 *
 * @param {string} script path below node_modules
 * @param {...string} args
 */
export function nodeCommand(script, ...args) {
  return [process.execPath, join(ROOT, "node_modules", script), ...args];
}

/**
 * npm: the one that runs this script, else the one on the path.
 *
 * @param {...string} args
 */
export function npmCommand(...args) {
  const runner = process.env.npm_execpath ?? "";
  return basename(runner) === "npm-cli.js" ? [process.execPath, runner, ...args] : ["npm", ...args];
}

/**
 * pnpm in the version that the root names, fetched by npm the first time.
 *
 * @param {...string} args
 */
export function pnpmCommand(...args) {
  return npmCommand("exec", "--yes", "--", PNPM, ...args);
}
