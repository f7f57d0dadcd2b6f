// What the tests of the gpu backend share: programs that run in a Node of their own, and what tests of products share.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export {
  type Cell,
  operandSizes,
  productCells,
  productOn,
  randomValues,
  specOf,
  wholeNumbers,
} from "./product-support.js";

/** The modes that every machine has. */
export const MODES = ["webasm", "cpu"] as const;

/** Bundles a program that imports from `packages/core/src`, and runs it in a Node of its own. */
export async function runProgram(program: string, { reachable }: { readonly reachable: boolean }): Promise<Outcome> {
  // where packages are not to be found: outside of the workspace
  const folder = await mkdtemp(join(reachable ? join(CORE, "node_modules") : tmpdir(), ".gpu-test-"));
  try {
    const outfile = join(folder, "program.mjs");
    await build({
      stdin: { contents: program, resolveDir: join(CORE, "src"), loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      external: ["gpu.js"],
      outfile,
      logLevel: "silent",
    });
    return await new Promise((resolve) => {
      execFile(process.execPath, [outfile], { timeout: 60_000 }, (error, stdout) => {
        resolve({ stdout, ended: error?.killed !== true, code: error ? Number(error.code ?? -1) : 0 });
      });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How a program went. `ended` is false where it had to be killed. */
export interface Outcome {
  readonly stdout: string;
  readonly ended: boolean;
  readonly code: number;
}

const CORE = fileURLToPath(new URL("../../", import.meta.url));
