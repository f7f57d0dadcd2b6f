// Whether memory stays flat: what a process that trains the GAN holds after 2,000 iterations and after 20,000.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { MemoryTable } from "../report.js";

const run = promisify(execFile);

/**
 * V8 lets the space for new objects grow to 32 MiB as it likes, and no collection gives that back. Held at its least, it
 * hides nothing that stays.
 */
const NODE_FLAGS = ["--expose-gc", "--min-semi-space-size=1", "--max-semi-space-size=1"];

/** @param iterations when to look, in rising order */
export async function measureMemory(threads: number, iterations: readonly number[]): Promise<MemoryTable> {
  const script = fileURLToPath(new URL("./memory-run.js", import.meta.url));
  const { stdout } = await run(process.execPath, [...NODE_FLAGS, script, String(threads), ...iterations.map(String)]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const engine = `adjoint wasm, ${threads} thread${threads > 1 ? "s" : ""}`;
  return { title: `Memory of the GAN's training, ${engine}, V8's space for new objects held at 2 MiB`, rows };
}
