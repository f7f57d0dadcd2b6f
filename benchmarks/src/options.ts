// The options of `npm run bench`.

import { parseArgs } from "node:util";

/** The parts of the benchmarks. */
export const PARTS = [
  "products",
  "elementwise",
  "gan",
  "dcgan",
  "freezing",
  "import",
  "size",
  "browser",
  "gpu",
] as const;

/** One of them. */
export type Part = (typeof PARTS)[number];

/** What a run does. */
export interface Options {
  readonly only: readonly Part[];
  readonly rounds: number;
  readonly quick: boolean;
  /** adjoint's GAN over batch sizes and widths. */
  readonly sweep: boolean;
  /** Memory over 20,000 iterations. Takes minutes. */
  readonly memory: boolean;
  /** The GPU's float32 peak in TFLOP/s. */
  readonly peak?: number | undefined;
  readonly readme: boolean;
  readonly out: string;
  readonly help: boolean;
}

/** What `--help` prints. */
export const HELP = `npm run bench [-- options]

  --only ${PARTS.join(",")}
              only these parts, separated by commas
  --rounds N  how often each candidate takes its turn; 9 by default
  --quick     short turns and 2 rounds: whether everything runs, not how fast
  --sweep     also the GAN over batch sizes 32 … 1024 and widths 64 … 1024
  --memory    also memory over 20,000 iterations; takes minutes
  --peak T    the GPU's float32 peak in TFLOP/s, by its data sheet: tables of "gpu" then say the share that was reached
  --readme    write the table of README.md
  --out DIR   where results.md and results.json go; benchmarks/results by default`;

/** Reads the command line. Throws an Error that says what is wrong with it. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", default: PARTS.join(",") },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      sweep: { type: "boolean", default: false },
      memory: { type: "boolean", default: false },
      peak: { type: "string" },
      readme: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      out: { type: "string", default: "benchmarks/results" },
    },
  });
  const only = values.only.split(",");
  const unknown = only.find((name) => !isPart(name));
  if (unknown !== undefined) throw new Error(`--only: "${unknown}" is none of ${PARTS.join(", ")}`);
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 9));
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    throw new Error(`--rounds must be a whole number ≥ 1, got ${values.rounds}`);
  }
  if (values.readme && values.quick) throw new Error("--readme shows what was measured: leave out --quick");
  const peak = values.peak === undefined ? undefined : Number(values.peak);
  if (peak !== undefined && !(peak > 0 && peak < Infinity)) {
    throw new Error(`--peak must be a number of TFLOP/s > 0, got ${values.peak}`);
  }
  return { ...values, only: only.filter(isPart), rounds, peak };
}

/** The command with these arguments, as results name it: without the folder that they go to, which is of one machine. */
export function commandOf(args: readonly string[]): string {
  const told = args.filter((arg, i) => !/^--out(=|$)/.test(arg) && args[i - 1] !== "--out");
  return ["npm run bench", ...(told.length > 0 ? ["--", ...told] : [])].join(" ");
}

function isPart(name: string): name is Part {
  return (PARTS as readonly string[]).includes(name);
}
