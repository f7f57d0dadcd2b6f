// Fingerprints of files, and stamps that remember for which of them something was done. A stamp lives in node_modules,
// so it is gone together with what it vouches for.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { ROOT, STAMPS } from "./workspace.mjs";

/**
 * A hash of the names and contents of files. What does not exist counts as absent, tests and hidden files are left out.
 *
 * @param {readonly string[]} paths files and folders relative to the root
 * @param {readonly string[]} [words] further things that it depends on
 * @returns {string}
 */
export function fingerprint(paths, words = []) {
  const hash = createHash("sha256").update(words.join("\n"));
  for (const path of paths) {
    for (const file of filesOf(join(ROOT, path))) {
      const content = readFileSync(file);
      hash.update(`\n${relative(ROOT, file).split(sep).join("/")}\n${content.length}\n`).update(content);
    }
  }
  return hash.digest("hex");
}

/**
 * @param {string} path
 * @returns {string[]} the file, or all files of the folder, in an order that does not depend on the machine
 */
function filesOf(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => !name.startsWith(".") && !name.endsWith(".test.ts"));
  return names.sort().flatMap((name) => filesOf(join(path, name)));
}

/**
 * @param {string} name
 * @returns {any} what was last written, or null
 */
export function readStamp(name) {
  try {
    return JSON.parse(readFileSync(join(STAMPS, `${name}.json`), "utf8"));
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {object} content
 */
export function writeStamp(name, content) {
  mkdirSync(STAMPS, { recursive: true });
  writeFileSync(join(STAMPS, `${name}.json`), `${JSON.stringify(content)}\n`);
}

/** @param {string} name */
export function removeStamp(name) {
  rmSync(join(STAMPS, `${name}.json`), { force: true });
}
