// One project of `npm run compatibility`: made, installed, built and run.

import { execFile, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { npmCommand } from "../lib/run.mjs";
import { runInPage, serveFolder } from "./pages.mjs";

const execute = promisify(execFile);

/** @typedef {import("./tools.mjs").Tool} Tool */
/** @typedef {import("./pages.mjs").Outcome} Outcome */
/** @typedef {"page" | "worker" | "isolatedPage" | "isolatedWorker" | "program" | "server"} Place */
/** What came of a project: where its program ran, what it came to there; what went wrong before, or keeps it from running. */
/** @typedef {{ tool: Tool, outcomes: Partial<Record<Place, Outcome>>, warnings: string, failure?: string, notRun?: string }} Trial */

const MOST_MILLISECONDS = 900_000;

/**
 * Writes a project's files into a folder.
 *
 * @param {Tool} tool
 * @param {string} folder
 */
export function writeProject({ files }, folder) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/**
 * Runs a project's build. Rejects where a command fails.
 *
 * @param {Tool} tool
 * @param {string} folder
 * @returns {Promise<string>} what was written that looks like a warning
 */
export async function buildProject({ build = [] }, folder) {
  let text = "";
  for (const [script = "", ...args] of build) {
    const written = await runIn(folder, [process.execPath, join(folder, "node_modules", script), ...args]);
    text += written;
  }
  return text
    .split("\n")
    .filter((line) => /warn|can't resolve|could not|unresolved/i.test(line))
    .join("; ");
}

/**
 * @param {Tool} tool
 * @param {{ folder: string, tarball: string, browser: import("playwright-core").Browser | undefined }} terms
 * @returns {Promise<Trial>}
 */
export async function tryTool(tool, { folder, tarball, browser }) {
  /** @type {Trial} */
  const trial = { tool, outcomes: {}, warnings: "" };
  try {
    const dependencies = { "@adjoint/core": `file:${tarball}`, ...tool.packages };
    const manifest = { name: "project", private: true, type: "module", dependencies };
    writeProject(tool, folder);
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    await runIn(folder, npmCommand("install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"));
  } catch (error) {
    return { ...trial, notRun: `its packages do not install: ${messageOf(error)}` };
  }
  try {
    trial.warnings = await buildProject(tool, folder);
    if (tool.bundle) await runIn(folder, [join(folder, "node_modules", tool.program ?? ""), ...tool.bundle]);
    await runProject(tool, folder, browser, trial);
  } catch (error) {
    trial.failure = messageOf(error);
  }
  return trial;
}

/**
 * @param {Tool} tool
 * @param {string} folder
 * @param {import("playwright-core").Browser | undefined} browser
 * @param {Trial} trial
 */
async function runProject(tool, folder, browser, { outcomes }) {
  if (tool.main) {
    const program = tool.program ? join(folder, "node_modules", tool.program) : process.execPath;
    outcomes.program = parse(await runIn(folder, [program, ...(tool.arguments ?? []), join(folder, tool.main)]));
  }
  if (tool.pages && browser) {
    const server = await serveFolder(join(folder, tool.pages));
    await runPages(browser, server.address, outcomes).finally(server.close);
  }
  if (tool.serve) {
    const port = await freePort();
    const command = tool.serve(port).map((part) => part.replace("node_modules", join(folder, "node_modules")));
    const child = spawn(command[0] === "node" ? process.execPath : String(command[0]), command.slice(1), {
      cwd: folder,
      stdio: "ignore",
    });
    try {
      const address = `http://127.0.0.1:${port}/`;
      const text = await answerOf(address);
      outcomes.server = parse(text.replace(/&quot;/g, '"'));
      if (tool.servesPages && browser) await runPages(browser, address, outcomes);
    } finally {
      child.kill();
    }
  }
}

/**
 * @param {import("playwright-core").Browser} browser
 * @param {string} address
 * @param {Trial["outcomes"]} outcomes
 */
async function runPages(browser, address, outcomes) {
  const alone = await runInPage(browser, address, false);
  const isolated = await runInPage(browser, address, true);
  Object.assign(outcomes, { page: alone.page, worker: alone.worker });
  Object.assign(outcomes, { isolatedPage: isolated.page, isolatedWorker: isolated.worker });
}

/** @param {string} address of a server that starts */
async function answerOf(address) {
  for (let tries = 0; ; tries++) {
    try {
      return await (await fetch(address)).text();
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const listening = server.address();
      server.close(() => resolve(typeof listening === "object" && listening ? listening.port : 0));
    });
  });
}

/**
 * @param {string} text the JSON of an outcome, or something with it in it
 * @returns {Outcome}
 */
export function parse(text) {
  const [json = text] = /\{"threads"[^{}]*\}/.exec(text) ?? [];
  try {
    return JSON.parse(json);
  } catch {
    return { error: `no outcome: ${text.slice(0, 300)}` };
  }
}

/**
 * @param {string} folder
 * @param {readonly string[]} command
 */
async function runIn(folder, [program = "", ...args]) {
  const env = { ...process.env, CI: "1", NO_COLOR: "1", NEXT_TELEMETRY_DISABLED: "1", DO_NOT_TRACK: "1" };
  const { stdout, stderr } = await execute(program, args, { cwd: folder, env, timeout: MOST_MILLISECONDS });
  return stdout + stderr;
}

/** @param {unknown} error */
function messageOf(error) {
  const { stdout = "", stderr = "", message = String(error) } = /** @type {any} */ (error);
  return (stderr || stdout || message).trim().slice(0, 600);
}
