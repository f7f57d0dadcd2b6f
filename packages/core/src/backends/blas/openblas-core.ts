// Which of its sets of kernels OpenBLAS takes. It looks at the processor's model: one that is younger than the library
// is unknown to it, and gets kernels of 2004, which are hardly faster than WebAssembly. The environment variable
// OPENBLAS_CORETYPE names another set while the library is opened; this file says when it should, and which.

import type { System } from "./system.js";

/** What OpenBLAS reads when it is opened. */
export const CORE_VARIABLE = "OPENBLAS_CORETYPE";

/** The sets of kernels for x86 that use neither AVX2 nor AVX-512: no right choice for a processor that has them. */
const WITHOUT_AVX2: ReadonlySet<string> = new Set([
  ...[
    "Katmai",
    "Coppermine",
    "Northwood",
    "Prescott",
    "Banias",
    "Core2",
    "Penryn",
    "Dunnington",
    "Nehalem",
    "Sandybridge",
  ],
  ...["Athlon", "Opteron", "Opteron_SSE3", "Barcelona", "Bobcat", "Bulldozer", "Piledriver", "Steamroller"],
  ...["Atom", "Nano"],
]);

/** The better sets, the best first, and what Linux calls the instructions that each needs. */
const BETTER = [
  { core: "SkylakeX", needs: ["avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "avx2", "fma"] },
  { core: "Haswell", needs: ["avx2", "fma"] },
] as const;

/**
 * The set of kernels to ask for in place of `core`, which OpenBLAS took; undefined where there is nothing to mend: where
 * somebody has chosen by the environment, where the processor has no more than that set uses, or cannot be asked.
 */
export function betterCore(core: string, system: System): string | undefined {
  if (system.env[CORE_VARIABLE] || !WITHOUT_AVX2.has(core)) return undefined;
  const flags = processorFlags(system);
  return BETTER.find(({ needs }) => needs.every((flag) => flags.has(flag)))?.core;
}

/** What the processor can do, in Linux's words; nothing on other systems. */
function processorFlags({ platform, getBuiltinModule }: System): ReadonlySet<string> {
  if (platform !== "linux") return new Set();
  const files = getBuiltinModule?.("node:fs") as { readFileSync(path: string, encoding: "utf8"): string } | undefined;
  try {
    const text = files?.readFileSync("/proc/cpuinfo", "utf8") ?? "";
    return new Set(/^flags\s*:(.*)$/m.exec(text)?.[1]?.trim().split(/\s+/));
  } catch {
    // a system that hides its processor: the library's choice stands
    return new Set();
  }
}
