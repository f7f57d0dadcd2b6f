// What it adds to a Node process to import the core and multiply two matrices: whole processes, from start to end.

import { spawn } from "node:child_process";
import { type InterleaveOptions, interleave } from "../harness.js";
import type { Comparison } from "../report.js";

/** The built entry of the core, as a user's program imports it. */
const CORE = import.meta.resolve("@adjoint/core");

const PROGRAMS: Readonly<Record<string, string>> = {
  "bare Node": "",
  "import the core": `import ${JSON.stringify(CORE)};`,
  "import the core, one 128×128 product":
    `import { matmul, ones } from ${JSON.stringify(CORE)};` +
    "const x = ones([128, 128]);" +
    "if (matmul(x, x).dataSync()[0] !== 128) throw new Error('wrong');",
};

/** Processes take turns as candidates do elsewhere. */
export async function benchmarkImport(options: InterleaveOptions): Promise<Comparison> {
  const candidates = Object.entries(PROGRAMS).map(([name, program]) => ({
    name,
    time: async (calls: number) => {
      const start = performance.now();
      for (let i = 0; i < calls; i++) await runProgram(program);
      return performance.now() - start;
    },
  }));
  return {
    title: "Import time",
    note: "A Node process that runs a program, from start to end.",
    measurements: await interleave(candidates, { ...options, turnMilliseconds: 1, warmUpMilliseconds: 0 }),
  };
}

function runProgram(program: string): Promise<void> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`import time: exit code ${code}`))));
  });
}
