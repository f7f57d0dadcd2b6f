// Keeps a run's folder up to date: pictures, history, summary, chart and page.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FinalPicture, Findings } from "../program.js";
import { CHART_THEMES, type Panel, renderChart } from "./chart.js";
import type { History } from "./history.js";
import { type PagePicture, type PageTable, renderPage } from "./page.js";
import { RUN_FILES, type RunFolder, sampleName } from "./run-folder.js";
import type { RunDescription, RunStatus, RunSummary } from "./run-summary.js";
import { describeMachine, describeOptions, describeStatus, keyFigures, wholeNumber } from "./run-texts.js";
import type { Stopwatch } from "./stopwatch.js";

/** What a report is about. */
export interface ReportParts<Name extends string> {
  readonly title: string;
  readonly folder: RunFolder;
  readonly description: RunDescription;
  readonly history: History<Name>;
  readonly stopwatch: Stopwatch;
  readonly panels: readonly Panel<Name>[];
  /** What the large picture and the small ones show. */
  readonly captions: { readonly picture: string; readonly samples: string };
}

/** Pictures taken at one iteration, as PNG. */
export interface Pictures {
  /** Few images, kept for every sample interval. */
  readonly sample: Uint8Array;
  /** Many images; the former one is replaced. */
  readonly large: Uint8Array;
}

/** What there is to show when a run has ended. */
export interface RunEnd {
  readonly pictures: readonly FinalPicture[];
  readonly findings: readonly Findings[];
}

const NOTHING: RunEnd = { pictures: [], findings: [] };

/** Chart and page are drawn anew at most this often while the run goes on. */
const REDRAW_SECONDS = 5;
/** More pictures than this are not put on the page. */
const PAGE_SAMPLES = 24;
const CHART_CAPTION = "Pale lines: what single iterations gave. Strong lines: their moving average.";

/** Writes what there is to know about a run, again and again, so that nothing is lost when it is killed. */
export class RunReport<Name extends string> {
  readonly #parts: ReportParts<Name>;
  readonly #sampled: number[];
  #drawnAt = Number.NEGATIVE_INFINITY;

  /** @param sampled iterations of which there are pictures already */
  constructor(parts: ReportParts<Name>, sampled: readonly number[] = []) {
    this.#parts = parts;
    this.#sampled = [...sampled];
  }

  /** Writes the history alone. */
  async writeHistory(): Promise<void> {
    const { folder, history } = this.#parts;
    await folder.write(RUN_FILES.history, history.toCsv());
  }

  /** Writes the pictures of an iteration, and brings the rest up to date. */
  async addSample(iteration: number, { sample, large }: Pictures): Promise<void> {
    const { folder, stopwatch } = this.#parts;
    await folder.write(sampleName(iteration), sample);
    await folder.write(RUN_FILES.picture, large);
    if (!this.#sampled.includes(iteration)) this.#sampled.push(iteration);
    await this.#writeNumbers({ status: "running" });
    if (stopwatch.totalSeconds - this.#drawnAt > REDRAW_SECONDS) await this.#draw({ status: "running" });
  }

  /** Writes everything, with how the run ended. */
  async finish(status: RunStatus, end: RunEnd = NOTHING): Promise<RunSummary> {
    for (const { name, draw } of picturesOf(end)) await this.#parts.folder.write(name, await draw());
    const summary = await this.#writeNumbers(status, end);
    await this.#draw(status, end);
    return summary;
  }

  async #writeNumbers(status: RunStatus, { findings }: RunEnd = NOTHING): Promise<RunSummary> {
    const values = findings.flatMap((found) => Object.entries(found.values));
    const summary = { ...this.#summary(status), ...(values.length > 0 && { measures: Object.fromEntries(values) }) };
    await this.writeHistory();
    await this.#parts.folder.write(RUN_FILES.summary, `${JSON.stringify(summary, null, 2)}\n`);
    return summary;
  }

  #summary(status: RunStatus): RunSummary {
    const { description, folder, history, stopwatch } = this.#parts;
    const median = stopwatch.medianMillisecondsPerIteration;
    return {
      ...description,
      ...status,
      iterationsDone: history.last?.iteration ?? 0,
      medianMillisecondsPerIteration: Number.isNaN(median) ? null : median,
      totalSeconds: stopwatch.totalSeconds,
      last: history.last ?? null,
      files: folder.ownFiles,
    };
  }

  async #draw(status: RunStatus, end: RunEnd = NOTHING): Promise<void> {
    const { folder, history, panels } = this.#parts;
    const light = renderChart(history, panels, CHART_THEMES.light);
    await folder.write(RUN_FILES.chart, light);
    const dark = renderChart(history, panels, CHART_THEMES.dark);
    await folder.write(RUN_FILES.page, await this.#page(this.#summary(status), { light, dark }, end));
    this.#drawnAt = this.#parts.stopwatch.totalSeconds;
  }

  async #page(summary: RunSummary, chart: { light: string; dark: string }, end: RunEnd): Promise<string> {
    const { title, panels, captions } = this.#parts;
    return renderPage({
      title,
      lead: describeStatus(summary),
      warning: summary.status === "failed",
      figures: keyFigures(summary, panels),
      mainPicture: this.#sampled.length > 0 ? await this.#picture(RUN_FILES.picture, captions.picture) : undefined,
      chart,
      chartCaption: CHART_CAPTION,
      samples: await this.#pageSamples(),
      samplesCaption: captions.samples,
      finalPictures: await Promise.all(picturesOf(end).map(({ name, caption }) => this.#picture(name, caption))),
      tables: this.#tables(summary, end),
    });
  }

  #tables(summary: RunSummary, { findings }: RunEnd): PageTable[] {
    return [
      ...findings,
      { heading: "Options", rows: describeOptions(summary) },
      { heading: "Machine", rows: describeMachine(summary) },
    ];
  }

  #pageSamples(): Promise<PagePicture[]> {
    const shown = evenlyChosen(this.#sampled, PAGE_SAMPLES);
    return Promise.all(
      shown.map((iteration) => this.#picture(sampleName(iteration), `Iteration ${wholeNumber(iteration)}`)),
    );
  }

  async #picture(name: string, caption: string): Promise<PagePicture> {
    return { name, content: await readFile(join(this.#parts.folder.path, name)), caption };
  }
}

/** Those of the program itself, and those of what was found out. */
function picturesOf({ pictures, findings }: RunEnd): FinalPicture[] {
  return [...pictures, ...findings.flatMap((found) => found.pictures ?? [])];
}

/** All of `items`, or `limit` of them at even distances with the first and the last. */
export function evenlyChosen<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items];
  return items.filter((_, i) => {
    const place = (index: number) => Math.floor((index * (limit - 1)) / (items.length - 1));
    return i === 0 || place(i) > place(i - 1);
  });
}
