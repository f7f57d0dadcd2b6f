// Builds the parts of the workspace with tsup, and tells whether a build is that of the sources as they are.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { nodeCommand, run } from "./run.mjs";
import { fingerprint, readStamp, removeStamp, writeStamp } from "./stamps.mjs";
import { PROJECTS, ROOT } from "./workspace.mjs";

/** @typedef {import("./workspace.mjs").ProjectName} ProjectName */

/**
 * Builds one project, unless that was done and its sources have not changed since.
 *
 * @param {ProjectName} name
 * @returns {Promise<{ code: number, output: string, done: boolean }>} `done`: whether there was anything to do
 */
export async function build(name) {
  const made = await generate(name);
  if (made.code !== 0) return { ...made, done: true };
  const wanted = sourcesFingerprint(name);
  if (isBuilt(name, wanted)) return { code: 0, output: "", done: false };
  // A build that is cut off leaves no stamp behind.
  removeStamp(stampName(name));
  const { folder } = PROJECTS[name];
  const outcome = await run(nodeCommand("tsup/dist/cli-default.js"), { folder, capture: true });
  if (outcome.code === 0) writeStamp(stampName(name), { fingerprint: wanted });
  return { ...outcome, done: true };
}

/**
 * Makes the source that a project makes from others, unless that was done and they have not changed since.
 *
 * @param {ProjectName} name
 * @returns {Promise<{ code: number, output: string }>}
 */
export async function generate(name) {
  const project = PROJECTS[name];
  if (!("generated" in project)) return { code: 0, output: "" };
  const { folder, generated } = project;
  const { script, sources, output } = generated;
  // with what was made: a script that was run by hand in between may have made something else
  const state = () => fingerprint(["pnpm-lock.yaml", ...[...sources, output].map((each) => `${folder}/${each}`)]);
  const stamp = `generate-${name}`;
  if (readStamp(stamp)?.fingerprint === state()) return { code: 0, output: "" };
  removeStamp(stamp);
  const outcome = await run([process.execPath, join(ROOT, folder, script)], { folder, capture: true });
  if (outcome.code === 0) writeStamp(stamp, { fingerprint: state() });
  return outcome;
}

/**
 * Builds projects one after the other, saying so. Ends this process, showing why, where one does not build.
 *
 * @param {readonly ProjectName[]} names
 */
export async function buildOrExit(names) {
  for (const name of names) {
    const began = performance.now();
    const { code, output, done } = await build(name);
    if (code !== 0) {
      process.stderr.write(`${output}\n${name} does not build.\n`);
      process.exit(code);
    }
    if (done) process.stderr.write(`Built ${name} in ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  }
}

/**
 * Says what is wrong with a project's build, for those who need it and do not build themselves.
 *
 * @param {ProjectName} name
 * @returns {string | null} null where the build is there and that of the present sources
 */
export function buildProblem(name) {
  const { folder, output } = PROJECTS[name];
  if (!existsSync(join(ROOT, folder, output))) return `${folder} is not built: run "npm run build" first`;
  if (isBuilt(name, sourcesFingerprint(name))) return null;
  return `the build of ${folder} is older than its sources: run "npm run build" first`;
}

/**
 * @param {ProjectName} name
 * @param {string} wanted
 */
function isBuilt(name, wanted) {
  const { folder, output } = PROJECTS[name];
  return readStamp(stampName(name))?.fingerprint === wanted && existsSync(join(ROOT, folder, output));
}

/** @param {ProjectName} name */
function stampName(name) {
  return `build-${name}`;
}

/** @param {ProjectName} name */
function sourcesFingerprint(name) {
  const { folder, sources } = PROJECTS[name];
  return fingerprint(["tsconfig.base.json", "pnpm-lock.yaml", ...sources.map((source) => `${folder}/${source}`)]);
}
