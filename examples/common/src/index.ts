// @adjoint/example-common: what the examples share. An example is a `Program` (its models, its step, its pictures), and
// its entry is `await runMain(program)`.

export { type LoadedRun, loadRun } from "./load-run.js";
export { makeImages } from "./made-images.js";
export { applyIdle, createNoiseSampler, type NoiseSamplerOptions } from "./noise-sampler.js";
export { choiceOption, describeOptions, parseOptions, positiveNumberOption, wholeNumberOption } from "./options.js";
export type {
  FinalPicture,
  Findings,
  Moment,
  Program,
  ProgramDefaults,
  Setting,
  StreamName,
  Training,
} from "./program.js";
export type { Panel } from "./run/chart.js";
export type { HistoryRow } from "./run/history.js";
export { type GridOptions, pictureGrid } from "./run/picture-grid.js";
export type { Pictures } from "./run/run-report.js";
export { type ScatterOptions, scatterPlot } from "./run/scatter-plot.js";
export type { Losses } from "./run/training-loop.js";
export { runMain, runProgram } from "./run-program.js";
