// `npm run compatibility [-- names]`: packs @adjoint/core, makes a fresh project for each bundler and runtime, has it
// built and its program run, and writes docs/compatibility.md, or prints the table where only some are named.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBrowser } from "./compatibility/pages.mjs";
import { tableOf } from "./compatibility/table.mjs";
import { TOOLS } from "./compatibility/tools.mjs";
import { tryTool } from "./compatibility/trial.mjs";
import { buildOrExit } from "./lib/build.mjs";
import { install } from "./lib/install.mjs";
import { npmCommand, run } from "./lib/run.mjs";
import { ROOT } from "./lib/workspace.mjs";

const DOCUMENT = join(ROOT, "docs", "compatibility.md");

const names = process.argv.slice(2);
const unknown = names.find((name) => !TOOLS.some((tool) => tool.name === name));
if (unknown !== undefined) {
  const known = TOOLS.map(({ name }) => JSON.stringify(name)).join(", ");
  console.error(`compatibility: "${unknown}" is not known; known are ${known}`);
  process.exit(2);
}
const { code } = await install("everything");
if (code !== 0) process.exit(code);
await buildOrExit(["core"]);

const folder = mkdtempSync(join(tmpdir(), "adjoint-compatibility-"));
const browser = await startBrowser();
try {
  const packed = await run(npmCommand("pack", "--silent", "--pack-destination", folder), {
    folder: "packages/core",
    capture: true,
  });
  if (packed.code !== 0) throw new Error(packed.output);
  const tarball = join(folder, String(readdirSync(folder)[0]));
  const trials = [];
  // Node is always tried: the others' numbers are compared with its own
  for (const tool of TOOLS.filter(({ name }) => name === "Node" || names.length === 0 || names.includes(name))) {
    process.stderr.write(`${tool.name} …\n`);
    const own = join(folder, tool.name.replace(/\W+/g, "-"));
    mkdirSync(own);
    trials.push(await tryTool(tool, { folder: own, tarball, browser }));
    rmSync(own, { recursive: true });
  }
  const { text, failures } = tableOf(trials, browser?.version());
  if (names.length === 0) writeFileSync(DOCUMENT, withTable(readFileSync(DOCUMENT, "utf8"), text));
  console.log(text);
  process.exitCode = failures > 0 ? 1 : 0;
} finally {
  await browser?.close();
  rmSync(folder, { recursive: true });
}

/**
 * @param {string} document
 * @param {string} table
 */
function withTable(document, table) {
  const marks = /(<!-- compatibility:begin -->\n)[\s\S]*(<!-- compatibility:end -->)/;
  if (!marks.test(document)) throw new Error("docs/compatibility.md has lost the marks of its table");
  return document.replace(marks, (_, begin, end) => begin + table + end);
}
