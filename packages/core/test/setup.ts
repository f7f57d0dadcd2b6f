// Before each test file of the workspace: the seed of the property tests, the rule that a library is silent, and a driver
// for WebGPU in Node.

import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { format } from "node:util";
import { afterAll, afterEach } from "vitest";

const METHODS = ["debug", "error", "info", "log", "trace", "warn"] as const;

/** What was written to the console since the last test ended. */
const written: string[] = [];

// What code writes to the console fails the test in which it happened. A test that means to make something write
// puts a spy of its own in the place of these.
for (const method of METHODS) {
  console[method] = (...values: unknown[]) => {
    const stack = new Error().stack?.split("\n").slice(2, 6).join("\n") ?? "";
    written.push(`console.${method}(${format(...values)})\n${stack}`);
  };
}

afterEach(refuseOutput);
afterAll(refuseOutput);

await seedProperties();
provideVulkan();

/** SwiftShader, which Debian's Chromium brings along, plays the GPU: results do not depend on what a machine has. */
function provideVulkan(): void {
  const driver = "/usr/lib/chromium/vk_swiftshader_icd.json";
  if (existsSync(driver)) process.env.VK_ICD_FILENAMES ??= driver;
  // where there is no window system, drivers print that they found none
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
}

function refuseOutput(): void {
  const all = written.splice(0).join("\n");
  if (all) throw new Error(`code under test wrote to the console:\n${all}`);
}

/**
 * ADJOINT_SEED repeats a run of the property tests: fast-check prints the seed of each that fails. ADJOINT_RUNS is how
 * many random inputs each of them gets.
 */
async function seedProperties(): Promise<void> {
  const seed = wholeNumber("ADJOINT_SEED");
  const numRuns = wholeNumber("ADJOINT_RUNS");
  if (seed === undefined && numRuns === undefined) return;
  const { configureGlobal, readConfigureGlobal } = await import("fast-check");
  configureGlobal({
    ...readConfigureGlobal(),
    ...(seed === undefined ? {} : { seed }),
    ...(numRuns === undefined ? {} : { numRuns }),
  });
}

function wholeNumber(name: string): number | undefined {
  const text = process.env[name];
  if (text === undefined || text === "") return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw new Error(`${name}: a whole number is needed, got "${text}"`);
  return value;
}
