// Installs what a task needs and no more, and does nothing where that is already there.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { pnpmCommand, run } from "./run.mjs";
import { fingerprint, readStamp, removeStamp, writeStamp } from "./stamps.mjs";
import { CHECKING_TOOLS, PROJECTS, ROOT } from "./workspace.mjs";

/**
 * What can be installed: one project with the packages of the workspace that it uses, or everything.
 *
 * @typedef {import("./workspace.mjs").ProjectName | "everything"} Scope
 */

/**
 * Installs `scope` as the lock file has it, unless that was done before and no manifest has changed since.
 *
 * A project's tools are the `dependencies` of the root, which build, and not its `devDependencies`, which check.
 *
 * @param {Scope} scope
 * @param {{ capture?: boolean }} [options] with `capture` the output is returned instead of shown
 * @returns {Promise<{ code: number, output: string, done: boolean }>} `done`: whether there was anything to do
 */
export async function install(scope, { capture = false } = {}) {
  const wanted = manifestsFingerprint();
  const stamp = readInstallStamp();
  const installed = stamp.fingerprint === wanted ? stamp.scopes.filter(isThere) : [];
  if (installed.includes(scope) || installed.includes("everything")) return { code: 0, output: "", done: false };
  // Where the tools that check are there, installing less than everything would remove them.
  const target = CHECKING_TOOLS.some((tool) => existsSync(join(ROOT, "node_modules", tool))) ? "everything" : scope;
  if (!capture)
    process.stderr.write(`Installing ${target === "everything" ? "everything" : `what ${scope} needs`} …\n`);
  // An installation that is cut off leaves no stamp behind.
  removeStamp("install");
  const part = target === "everything" ? [] : ["--prod", "--filter", `${PROJECTS[target].name}...`];
  const outcome = await run(pnpmCommand("install", "--frozen-lockfile", ...part), { capture });
  if (outcome.code === 0) writeStamp("install", { fingerprint: wanted, scopes: [...installed, target] });
  return { ...outcome, done: true };
}

/** Everything that decides what an installation gives; native parts differ between platforms. */
function manifestsFingerprint() {
  const manifests = Object.values(PROJECTS).map(({ folder }) => `${folder}/package.json`);
  const files = ["package.json", "pnpm-workspace.yaml", "pnpm-lock.yaml", ...manifests];
  return fingerprint(files, [process.platform, process.arch]);
}

/** @returns {{ fingerprint: string, scopes: Scope[] }} what was last installed, from which manifests */
function readInstallStamp() {
  return readStamp("install") ?? { fingerprint: "", scopes: [] };
}

/**
 * Whether nobody has removed it by hand. (The core has no dependencies of its own.)
 *
 * @param {Scope} scope
 */
function isThere(scope) {
  const folders =
    scope === "everything" ? Object.values(PROJECTS).map(({ folder }) => folder) : [PROJECTS[scope].folder];
  return [".", ...folders].every((folder) => existsSync(join(ROOT, folder, "node_modules")));
}
