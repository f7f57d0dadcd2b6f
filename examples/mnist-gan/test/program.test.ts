// The whole program on a small data set: what it prints, what it leaves in the run's folder, and how it ends.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random, useBackend } from "@adjoint/core";
import { fromArrays, fromLayout, openSafetensors } from "@adjoint/core/io";
import { createNoiseSampler, runProgram } from "@adjoint/example-common";
import { decode } from "fast-png";
import { beforeAll, describe, expect, it } from "vitest";
import { Recorder, temporaryFolder, writeSmallMnist } from "../../common/test/support.js";
import { mnistGan } from "../src/mnist-gan.js";
import { createModels, NOISE_SIZE } from "../src/models.js";

/** Files of a run with samples at the iterations given. */
function filesOf(...iterations: number[]): string[] {
  const samples = iterations.map((iteration) => `samples/${String(iteration).padStart(6, "0")}.png`);
  const models = ["discriminator.safetensors", "generator.safetensors"];
  return [
    "checkpoint.previous.safetensors",
    "checkpoint.safetensors",
    ...models,
    "gallery.png",
    "history.csv",
    "index.html",
    "losses.svg",
    "samples",
    ...samples,
    "summary.json",
  ].sort();
}

function listed(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
}

function summaryOf(folder: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"));
}

interface Outcome {
  readonly code: number;
  readonly output: Recorder;
  readonly errors: Recorder;
}

async function run(...args: string[]): Promise<Outcome> {
  const [output, errors] = [new Recorder(), new Recorder()];
  return { code: await runProgram(mnistGan, ["--backend", "reference", ...args], output, errors), output, errors };
}

/** A short run into `name` beside the data. */
function shortRun(folder: string, name: string, ...args: string[]): Promise<Outcome> {
  const size = ["--iterations", "7", "--sample-interval", "3", "--history-interval", "2", "--batch-size", "4"];
  return run(...size, "--data", writeSmallMnist(join(folder, "data")), "--out", join(folder, name), ...args);
}

describe("a short run", () => {
  let folder: string;
  let outcome: Outcome;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "adjoint-gan-"));
    outcome = await shortRun(folder, "run");
    return () => rmSync(folder, { recursive: true, force: true });
  });

  it("prints what it runs on, the article's lines, and where everything is", () => {
    expect(outcome.code).toBe(0);
    expect(outcome.errors.text).toBe("");
    const line = (iteration: number) =>
      new RegExp(`^${iteration} \\[D loss: \\d+\\.\\d{6}, acc\\.: \\d+\\.\\d{2}%\\] \\[G loss: \\d+\\.\\d{6}\\]$`);
    const expected = [
      /^backend {5}reference \(asked for by name\): products by typescript, the rest by typescript, 1 thread$/,
      /^data {8}20 images from .*train-images-idx3-ubyte$/,
      /^parameters {2}generator 114,064, discriminator 100,609$/,
      /^folder {6}.*run$/,
      line(3),
      line(6),
      line(7),
      /^Not measured: the training images are not MNIST's$/,
      /^7 iterations in \d+ s on the backend reference\. Median: [\d.,]+ ms an iteration\.$/,
      /^Pictures, losses, models and summary are in .*run; open .*index\.html$/,
    ];
    expect(outcome.output.lines).toHaveLength(expected.length);
    outcome.output.lines.forEach((text, i) => {
      expect(text).toMatch(expected[i] ?? /never/);
    });
  });

  it("leaves pictures, history, chart, summary and page", () => {
    expect(listed(join(folder, "run"))).toEqual(filesOf(3, 6, 7));
  });

  it("has a row of history for each reading, the printed ones among them", () => {
    const rows = readFileSync(join(folder, "run", "history.csv"), "utf8")
      .trimEnd()
      .split("\n");
    expect(rows[0]).toBe("iteration,discriminatorLoss,discriminatorAccuracy,generatorLoss");
    expect(rows.slice(1).map((row) => Number(row.split(",")[0]))).toEqual([2, 3, 4, 6, 7]);
    const printed = outcome.output.lines.filter((line) => /^\d+ \[D loss/.test(line));
    const values = rows.slice(1).map((row) => row.split(",").map(Number));
    for (const line of printed) {
      const [iteration = 0, loss = 0, accuracy = 0, generatorLoss = 0] = (line.match(/[\d.]*\d/g) ?? []).map(Number);
      const row = values.find(([number]) => number === iteration) ?? [];
      expect(row[1]).toBeCloseTo(loss, 5);
      expect(100 * (row[2] ?? 0)).toBeCloseTo(accuracy, 2);
      expect(row[3]).toBeCloseTo(generatorLoss, 5);
    }
  });

  it("has a summary that says how it was made and where it ended", () => {
    const last =
      readFileSync(join(folder, "run", "history.csv"), "utf8")
        .trimEnd()
        .split("\n")
        .at(-1) ?? "";
    const [iteration, discriminatorLoss, discriminatorAccuracy, generatorLoss] = last.split(",").map(Number);
    const summary = summaryOf(join(folder, "run"));
    expect(summary).toMatchObject({
      program: "mnist-gan",
      status: "finished",
      options: {
        iterations: 7,
        batchSize: 4,
        learningRate: 0.001,
        backend: "reference",
        sampleInterval: 3,
        historyInterval: 2,
        out: join(folder, "run"),
      },
      seed: 1,
      iterationsAsked: 7,
      iterationsDone: 7,
      backend: { name: "reference", products: "typescript", elementwise: "typescript", threads: 1 },
      data: { images: 20 },
      parameters: { generator: 114_064, discriminator: 100_609 },
      versions: { node: process.versions.node },
      last: { iteration, discriminatorLoss, discriminatorAccuracy, generatorLoss },
    });
    const { medianMillisecondsPerIteration: median, totalSeconds } = summary as Record<string, number>;
    expect(median).toBeGreaterThan(0);
    expect((totalSeconds ?? 0) * 1000).toBeGreaterThan(3 * (median ?? 0));
  });

  it("has pictures of 16 and of 100 images, the 16 being the first of the 100", () => {
    const few = decode(readFileSync(join(folder, "run", "samples", "000007.png")));
    const many = decode(readFileSync(join(folder, "run", "gallery.png")));
    expect([few.width, few.height]).toEqual([4 * 112 + 5 * 6, 4 * 112 + 5 * 6]);
    expect([many.width, many.height]).toEqual([10 * 84 + 11 * 4, 10 * 84 + 11 * 4]);
    for (const [image, x, y] of [
      [0, 3, 5],
      [2, 14, 14],
      [3, 27, 27],
    ] as const) {
      const inFew = few.data[(6 + 4 * y) * few.width + 6 + image * 118 + 4 * x];
      const inMany = many.data[(4 + 3 * y) * many.width + 4 + image * 88 + 3 * x];
      expect(inFew).toBe(inMany);
    }
  });

  it("has a page with everything in it, and nothing outside it", () => {
    const page = readFileSync(join(folder, "run", "index.html"), "utf8");
    const base64 = (name: string) => readFileSync(join(folder, "run", name)).toString("base64");
    for (const name of ["gallery.png", ...filesOf(3, 6, 7).filter((file) => file.startsWith("samples/"))]) {
      expect(page).toContain(`src="data:image/png;base64,${base64(name)}"`);
    }
    const loaded = [...page.matchAll(/\b(?:src|href|srcset)="([^"]*)"|url\(([^)]*)\)/g)].map(
      (match) => match[1] ?? match[2] ?? "",
    );
    expect(loaded.filter((address) => !/^(data:image\/png|#)/.test(address))).toEqual([]);
    expect(page).not.toMatch(/<(script|link|iframe)\b|@import/);
    expect(page.match(/<svg /g)).toHaveLength(2);
    for (const text of ["7 iterations", "114,064", "--learning-rate", "Discriminator accuracy", "Iteration 7"]) {
      expect(page).toContain(text);
    }
  });

  it("gives the same history and pictures again, and others with another seed", async () => {
    const again = await shortRun(folder, "again");
    const other = await shortRun(folder, "other", "--seed", "2");
    expect([again.code, other.code]).toEqual([0, 0]);
    const read = (name: string, file: string) => readFileSync(join(folder, name, file));
    for (const file of ["history.csv", "gallery.png"]) {
      expect(read("again", file)).toEqual(read("run", file));
      expect(read("other", file)).not.toEqual(read("run", file));
    }
  });

  it("trains the same, however often pictures are taken", async () => {
    const often = await shortRun(folder, "often", "--sample-interval", "1", "--history-interval", "1");
    expect(often.code).toBe(0);
    const rows = (name: string) =>
      readFileSync(join(folder, name, "history.csv"), "utf8")
        .trimEnd()
        .split("\n");
    expect(rows("often")).toHaveLength(8);
    expect(rows("often")).toEqual(expect.arrayContaining(rows("run")));
    expect(listed(join(folder, "often"))).toEqual(filesOf(1, 2, 3, 4, 5, 6, 7));
  });
});

describe("the models' files", () => {
  it.each([
    ["adjoint", "0.kernel"],
    ["pytorch", "0.weight"],
    ["keras", "dense/kernel"],
  ] as const)("hold the models of the end in the layout %s", async (layout, name) => {
    const folder = temporaryFolder();
    await shortRun(folder, "run", "--layout", layout);
    // the run's own was disposed when it ended
    await useBackend("reference");
    const models = createModels(new Random(0));
    for (const part of ["generator", "discriminator"] as const) {
      const bytes = readFileSync(join(folder, "run", `${part}.safetensors`));
      const file = await openSafetensors(new Uint8Array(bytes));
      expect(Object.fromEntries(file.metadata)).toEqual({ layout });
      if (part === "generator") expect([...file.tensors.keys()]).toContain(name);
      models[part].loadStateDict(fromLayout(models[part], fromArrays(await file.readAll()), layout));
    }
    // the run's own pictures: drawn by the generator, from the stream of numbers that is theirs
    const { large } = await createNoiseSampler(models.generator, {
      noiseSize: NOISE_SIZE,
      random: new Random(1, { stream: 3 }),
    })();
    expect(Buffer.from(large).equals(readFileSync(join(folder, "run", "gallery.png")))).toBe(true);
    const start = createModels(new Random(1, { stream: 0 })).discriminator.stateDict();
    const [before, after] = [start, models.discriminator.stateDict()].map((state) => state.get("1.kernel")?.dataSync());
    const steps = before?.map((value, i) => Math.abs(value - (after?.[i] ?? 0))) ?? [];
    // 14 updates of at most about the learning rate each
    expect(Math.max(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThan(0.03);
  });
});

describe("a loss that is not finite", () => {
  it("ends the run with the iteration and the loss, after writing what was done", async () => {
    const folder = temporaryFolder();
    // so large a step that the weights overflow after a few iterations
    const { code, errors } = await shortRun(folder, "run", "--learning-rate", "3e38", "--history-interval", "1");
    expect(code).toBe(1);
    expect(errors.lines).toHaveLength(1);
    const found = errors.text.match(
      /^mnist-gan: training: \w+ is (?:NaN|Infinity) at iteration (\d): the first (?:NaN|-?Infinity) was made by linear, in the layer (?:generator|discriminator)\/\d \(Dense \d+→\d+\); the last good checkpoint is (.*), of iteration 0\n$/,
    );
    expect(found?.[2]).toBe(join(folder, "run", "checkpoint.safetensors"));
    const summary = summaryOf(join(folder, "run"));
    const iteration = Number(found?.[1]);
    expect(summary).toMatchObject({ status: "failed", iterationsDone: iteration - 1 });
    expect(`mnist-gan: ${summary.error}\n`).toBe(errors.text);
    const rows = readFileSync(join(folder, "run", "history.csv"), "utf8")
      .trimEnd()
      .split("\n");
    expect(rows).toHaveLength(iteration);
    expect(listed(join(folder, "run")).filter((name) => name.endsWith(".safetensors"))).toEqual([
      "checkpoint.safetensors",
    ]);
    expect(readFileSync(join(folder, "run", "index.html"), "utf8")).toContain(
      `Failed after ${iteration - 1} of 7 iterations`,
    );
  });
});
