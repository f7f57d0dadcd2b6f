// What an example is: a declaration that names its options, its losses and its captions, and makes what is trained.
// All else, from the command line to the page about a run, is the same for every example.

import type { Module, Optimizer, Random, Tensor } from "@adjoint/core";
import type { Mnist } from "@adjoint/mnist";
import type { Option } from "commander";
import type { RunOptions } from "./options.js";
import type { Panel } from "./run/chart.js";
import type { HistoryRow } from "./run/history.js";
import type { Pictures } from "./run/run-report.js";
import type { Losses } from "./run/training-loop.js";

/** Defaults of the options that every program has. */
export interface ProgramDefaults {
  /** How long a run trains: a count of iterations, or of passes over all training images. */
  readonly length: { readonly iterations: number } | { readonly epochs: number };
  readonly batchSize: number;
  readonly learningRate: number;
  /** Iterations between two pictures, and between two checkpoints; an epoch where absent. */
  readonly sampleInterval?: number;
}

/** An example. `Own` are the options that it has beside those of all. */
export interface Program<Name extends string, Own extends object = object> {
  /** What it is called on the command line and in the names of its folders: `mnist-gan`. */
  readonly name: string;
  /** What a user types to start it: `npm start`. */
  readonly command: string;
  readonly title: string;
  /** What `--help` says first. */
  readonly description: string;
  readonly defaults: ProgramDefaults;
  /** What the learning rate is one of: `Adam's learning rate, for both networks`. */
  readonly learningRate: string;
  readonly ownOptions?: readonly Option[];
  /** Defaults of common options that depend on what else was asked for. */
  impliedOptions?(options: RunOptions & Own): Partial<RunOptions>;
  /** A curve for each loss, in the order of the history's columns. */
  readonly panels: readonly Panel<Name>[];
  /** What the large picture and the small ones show. */
  readonly captions: { readonly picture: string; readonly samples: string };
  /** The line that is printed at each sample interval. */
  describeLosses(moment: Moment<Name>): string;
  /** Makes what is trained, on the current backend. Throws ArgumentError for options that do not go together. */
  create(setting: Setting<Own>): Training<Name>;
}

/** What a printed line tells of. */
export interface Moment<Name extends string> {
  /** The losses of this iteration. */
  readonly last: HistoryRow<Name>;
  /** Their means over the rows of the history since the line before. */
  readonly mean: HistoryRow<Name>;
  /** Passes over all training images until now. */
  readonly epoch: number;
}

/** What a program makes its training from. */
export interface Setting<Own extends object = object> {
  readonly options: RunOptions & Own;
  /** The training images, and their labels where there are any. */
  readonly mnist: Mnist;
  /** Reads the test images. Throws DataError where they cannot be had. */
  readonly loadTest: () => Mnist;
  /** A new generator: one of the independent streams of the run's seed. */
  readonly random: (stream: StreamName) => Random;
}

/**
 * Streams of the one seed, each independent of how much is drawn from the others: another batch size starts from the
 * same weights, and pictures taken more often do not change the run.
 */
export const STREAMS = { weights: 0, images: 1, noise: 2, pictures: 3, dropout: 4, mixing: 5, measures: 6 } as const;

/** A stream by what is drawn from it. */
export type StreamName = keyof typeof STREAMS;

/** What is trained. */
export interface Training<Name extends string> {
  /** By name; each is saved, and written to `<name>.safetensors` at the end. */
  readonly models: Readonly<Record<string, Module>>;
  readonly optimizers: Readonly<Record<string, Optimizer & { learningRate: number }>>;
  /** The generators of random numbers that the next iteration depends on. */
  readonly randoms: Readonly<Record<string, Random>>;
  /** One iteration. */
  readonly step: () => Losses<Name>;
  /** Draws what the next iteration would be fed with, and drops it. */
  readonly skipBatch: () => void;
  /** Takes the pictures of the moment. Leaves everything as it is. */
  readonly takePictures: () => Promise<Pictures>;
  /** Pictures that are drawn once, when training has ended. */
  readonly finalPictures?: readonly FinalPicture[];
  /** Finds out how good it has become, when training has ended by itself. */
  readonly afterTraining?: () => Promise<Findings>;
  /**
   * Makes images, [count, 28, 28, 1] in [−1, 1], where the program has a generator. Leaves everything as it is. All are
   * in memory at once, with what every layer makes of them.
   */
  readonly generate?: (count: number, random: Random) => Tensor;
}

/** A picture of the end: its file in the run's folder, and what it shows. */
export interface FinalPicture {
  /** `latent.png` or `latent.svg`. */
  readonly name: string;
  readonly caption: string;
  readonly draw: () => Promise<Uint8Array>;
}

/** What was found out about a trained model: for the terminal, the page, and summary.json. */
export interface Findings {
  readonly heading: string;
  /** What stands above the values, where a row has more than one. */
  readonly columns?: readonly string[];
  readonly rows: readonly (readonly [name: string, ...values: string[]])[];
  /** The same in numbers. */
  readonly values: Readonly<Record<string, number>>;
  readonly pictures?: readonly FinalPicture[];
}
