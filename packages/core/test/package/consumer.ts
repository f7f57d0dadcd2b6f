// A user of the package as npm would publish it: a folder of its own whose node_modules holds the packed files and
// gpu.js, and Node programs that run in it.

import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { buildProblem } from "../../../../scripts/lib/build.mjs";
import { npmCommand } from "../../../../scripts/lib/run.mjs";

const execute = promisify(execFile);

/** The folder of @adjoint/core in the workspace. */
export const PACKAGE = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** A folder outside of the workspace in which `@adjoint/core` is installed. */
export interface Consumer {
  readonly folder: string;
  /** A folder beside it from which nothing of `folder` can be imported. */
  readonly alone: string;
  /** The packed package, as it would be uploaded. */
  readonly tarball: string;
  /** Paths of the packed files, relative to the package. */
  readonly files: readonly string[];
}

/** Packs the build and installs it in a new folder. Throws where there is no build of the sources as they are. */
export async function createConsumer(): Promise<Consumer> {
  const problem = buildProblem("core");
  if (problem) throw new Error(problem);
  const root = await realpath(await mkdtemp(join(tmpdir(), "adjoint-consumer-")));
  const [folder, alone] = [join(root, "folder"), join(root, "alone")];
  await Promise.all([mkdir(folder), mkdir(alone)]);
  const [npm = "", ...args] = npmCommand("pack", "--json", "--loglevel", "error", "--pack-destination", root);
  const { stdout } = await execute(npm, args, { cwd: PACKAGE });
  const [packed] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  if (!packed) throw new Error(`npm pack named no package: ${stdout}`);
  const files = packed.files.map(({ path }) => path);
  const installed = join(folder, "node_modules", "@adjoint", "core");
  for (const file of files) await cp(join(PACKAGE, file), join(installed, file));
  await symlink(await realpath(join(PACKAGE, "node_modules", "gpu.js")), join(folder, "node_modules", "gpu.js"), "dir");
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true }));
  return { folder, alone, tarball: join(root, packed.filename), files };
}

/** Removes all of it. */
export async function removeConsumer(consumer: Consumer): Promise<void> {
  await rm(dirname(consumer.folder), { recursive: true, force: true });
}

/** Writes a program into `folder`, runs it in a Node of its own, and returns the JSON that it printed. */
export async function runProgram(folder: string, file: string, source: string): Promise<unknown> {
  const path = join(folder, file);
  await writeFile(path, source);
  const { stdout, stderr } = await execute(process.execPath, [path], { cwd: folder });
  if (stderr) throw new Error(`${file} wrote to standard error: ${stderr}`);
  return JSON.parse(stdout);
}
