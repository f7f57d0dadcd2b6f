// A program as a process of its own, built from the sources as they are.

import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const COMMON = fileURLToPath(new URL("..", import.meta.url));
const SMALL = new URL("small-main.ts", import.meta.url);

/**
 * Builds a program, the small one by default, and returns the path of its entry.
 *
 * @param name keeps the builds of test files that run at once apart
 */
export async function buildProgram(name: string, entry = SMALL): Promise<string> {
  // below node_modules, so that the program finds what it imports, and git ignores it
  const folder = join(COMMON, "node_modules", ".adjoint-test", name);
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(COMMON, "package.json"), "utf8"),
  );
  await build({
    entryPoints: { main: fileURLToPath(entry) },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    conditions: ["@adjoint/source"],
    external: Object.keys(manifest.dependencies).filter((dependency) => !dependency.startsWith("@adjoint/")),
    logLevel: "error",
  });
  return join(folder, "main.mjs");
}

/** A process that was started. */
export interface Run {
  readonly child: ChildProcess;
  /** Standard output and error, as far as they were written. */
  readonly text: { output: string; errors: string };
  /** The exit code; null where a signal killed the process. */
  readonly ended: Promise<number | null>;
}

/** Starts a program of Node. */
export function startProgram(program: string, args: readonly string[], options: SpawnOptions = {}): Run {
  return startCommand(process.execPath, [program, ...args], options);
}

/** Starts any program. */
export function startCommand(command: string, args: readonly string[], options: SpawnOptions = {}): Run {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  const text = { output: "", errors: "" };
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text.output += chunk;
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    text.errors += chunk;
  });
  const ended = new Promise<number | null>((resolve, reject) => child.on("close", resolve).on("error", reject));
  return { child, text, ended };
}

/** Waits for what a process prints. Throws where it ends before. */
export async function untilPrinted({ text, ended }: Run, wanted: RegExp): Promise<void> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!wanted.test(text.output)) {
    if (over) throw new Error(`ended without printing ${wanted}:\n${text.output}${text.errors}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
