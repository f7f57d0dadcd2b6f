// Whether memory stays flat: what a process that trains the GAN holds after 2,000 iterations and after 20,000.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { MemoryTable } from "../report.js";

const run = promisify(execFile);

/** @param iterations when to look, in rising order */
export async function measureMemory(threads: number, iterations: readonly number[]): Promise<MemoryTable> {
  const script = fileURLToPath(new URL("./memory-run.js", import.meta.url));
  const { stdout } = await run(process.execPath, ["--expose-gc", script, String(threads), ...iterations.map(String)]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { title: `Memory of the GAN's training, adjoint wasm, ${threads} thread${threads > 1 ? "s" : ""}`, rows };
}
