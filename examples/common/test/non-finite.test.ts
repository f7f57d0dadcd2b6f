// Losses that are not finite: training stops with where they came from, leaves the batch out as if it had never been
// drawn, or goes on, as it is told.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  Adam,
  type Backend,
  Dense,
  Module,
  Random,
  ReferenceBackend,
  Sequential,
  scope,
  type Tensor,
  tensor,
  withBackend,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { RunCheckpoints } from "../src/run/checkpoints.js";
import { type Experiment, runExperiment } from "../src/run/experiment.js";
import { RunFolder } from "../src/run/run-folder.js";
import { newStart, startAt } from "../src/run/run-start.js";
import { Recorder, temporaryFolder } from "./support.js";

/** √x, which below 0 is no number, and has no derivative: the weight is none from then on. */
class Root extends Module {
  readonly kind = "Root";
  forward(x: Tensor): Tensor {
    return x.sqrt();
  }
}

interface Settings {
  readonly mode: "stop" | "skip" | "ignore";
  readonly iterations: number;
  readonly checkpointInterval?: number;
  readonly historyInterval?: number;
  readonly backend?: Backend;
  /** Batches, counted from 1, that make the loss NaN. */
  readonly isBad?: (batch: number) => boolean;
  readonly learningRate?: number;
}

/** A model of one layer, trained on its own random numbers; some batches are below 0, of which the root is taken. */
async function createExperiment(path: string, settings: Settings, resume = false) {
  const { mode, iterations, checkpointInterval = 4, historyInterval = 1, isBad = () => false, learningRate } = settings;
  const { backend = new ReferenceBackend() } = settings;
  const folder = resume ? await RunFolder.open(path) : await RunFolder.create("test", { path, overwrite: false });
  const checkpoints = new RunCheckpoints(folder);
  const random = new Random(1);
  const dense = withBackend(
    backend,
    () => new Dense(1, 1, { random, bias: false, kernelInitializer: () => tensor([[1]]) }),
  );
  const model = new Sequential([dense, new Root()], { name: "model" });
  const optimizer = new Adam(model.parameters(), learningRate === undefined ? {} : { learningRate });
  const parts = { models: { model }, optimizers: { optimizer }, randoms: { random } };
  const drawn: number[] = [];
  // each batch is one number of one block: the generator's own count tells which batch it is
  const draw = () => {
    const value = 1 + random.uniform() + 0 * random.uniform();
    const batch = random.state().block;
    drawn.push(batch);
    return withBackend(backend, () => tensor([[isBad(batch) ? -value : value]]));
  };
  const iterationOf = (progress: unknown) => progress as number;
  const intervals = { iterations, historyInterval, sampleInterval: 1000 };
  const names = ["loss"] as const;
  let start = newStart(names);
  if (resume) {
    const { checkpoint } = await checkpoints.load(iterationOf);
    await checkpoint.restore(parts);
    start = await startAt({ iteration: iterationOf(checkpoint.progress), seconds: 0 }, folder, names, intervals);
  }
  const experiment: Experiment<"loss"> = {
    title: "test",
    command: "test",
    folder,
    checkpoints,
    changed: false,
    description: {
      program: "test",
      options: {},
      seed: 1,
      iterationsAsked: iterations,
      backend: { ...backend.info(), reason: "test" },
      data: { source: "test", images: 1 },
      parameters: { model: 1 },
      versions: {},
      startedAt: "",
    },
    ...intervals,
    checkpointInterval,
    epoch: 1,
    start,
    parts,
    progressAt: (iteration) => iteration,
    iterationOf,
    onNonFinite: mode,
    step: () =>
      scope(() => {
        const x = draw();
        return { loss: optimizer.minimize(() => model.apply(x).mean()) };
      }),
    skipBatch: () => void draw(),
    takePictures: async () => ({ sample: new Uint8Array(1), large: new Uint8Array(1) }),
    finalPictures: [],
    modelFiles: async () => new Map(),
    panels: [{ name: "loss", title: "Loss", color: "#000000" }],
    captions: { picture: "", samples: "" },
    describeLosses: ({ last }) => `iteration ${last.iteration}`,
    afterTraining: async () => [],
  };
  return { experiment, model, random, drawn };
}

type Created = Awaited<ReturnType<typeof createExperiment>>;

async function train({ experiment }: Created): Promise<Recorder> {
  const output = new Recorder();
  expect(await runExperiment(experiment, output)).toBe(0);
  await experiment.folder.close();
  return output;
}

/** The model's weight and the rows, which tell each iteration's loss. */
async function result({ experiment, model, random }: Created): Promise<unknown> {
  const weight = await model.parameters()[0]?.data();
  return [weight, readFileSync(join(experiment.folder.path, "history.csv"), "utf8"), random.state()];
}

/** An asynchronous backend: losses are looked at where they are read, which is when it may be late. */
function asynchronous(): Backend {
  return Object.defineProperty(new ReferenceBackend(), "synchronous", { value: false });
}

/** The losses of training on the good batches alone, by hand. */
function goodLosses(iterations: number, isBad: (batch: number) => boolean): number[] {
  const random = new Random(1);
  return withBackend(new ReferenceBackend(), () => {
    const dense = new Dense(1, 1, { random, bias: false, kernelInitializer: () => tensor([[1]]) });
    const optimizer = new Adam(dense.parameters());
    const losses: number[] = [];
    while (losses.length < iterations) {
      const value = 1 + random.uniform() + 0 * random.uniform();
      if (isBad(random.state().block)) continue;
      const loss = optimizer.minimize(() =>
        dense
          .apply(tensor([[value]]))
          .sqrt()
          .mean(),
      );
      losses.push(loss.itemSync());
    }
    return losses;
  });
}

describe("a loss that is not finite", () => {
  it.each([
    ["at once", undefined, 1],
    ["late, where a backend answers asynchronously", asynchronous(), 6],
  ])(
    "stops training with the iteration, the layer, the op and the last good checkpoint: found %s",
    async (_, backend, historyInterval) => {
      const path = join(temporaryFolder(), "run");
      const settings = {
        mode: "stop",
        iterations: 20,
        isBad: (batch: number) => batch === 11,
        historyInterval,
      } as const;
      const created = await createExperiment(path, { ...settings, ...(backend && { backend }) });
      await expect(runExperiment(created.experiment, new Recorder())).rejects.toThrow(
        "training: loss is NaN at iteration 11: the first NaN was made by sqrt, in the layer model/1 (Root); " +
          `the last good checkpoint is ${join(path, "checkpoint.safetensors")}, of iteration 8`,
      );
      expect(JSON.parse(readFileSync(join(path, "summary.json"), "utf8"))).toMatchObject({ status: "failed" });
    },
  );

  it("stops training where an update overflowed, before that becomes a checkpoint", async () => {
    const path = join(temporaryFolder(), "run");
    const created = await createExperiment(path, {
      mode: "stop",
      iterations: 9,
      checkpointInterval: 1,
      learningRate: 1e39,
    });
    await expect(runExperiment(created.experiment, new Recorder())).rejects.toThrow(
      "training: at iteration 1 the update overflowed: saveCheckpoint: models/model/0.kernel has a value that is -Infinity; " +
        `the last good checkpoint is ${join(path, "checkpoint.safetensors")}, of iteration 0`,
    );
  });

  it.each([
    ["found at once", undefined, 1],
    ["found late", asynchronous(), 5],
  ])("is left out with skip, as if its batch had never been: %s", async (_, backend, historyInterval) => {
    const isBad = (batch: number) => [1, 7, 8, 15].includes(batch);
    const settings = { mode: "skip", iterations: 15, isBad, historyInterval } as const;
    const created = await createExperiment(join(temporaryFolder(), "run"), {
      ...settings,
      ...(backend && { backend }),
    });
    const output = await train(created);
    expect(output.text).toContain("loss is NaN at iteration 6: the first NaN was made by sqrt");
    expect(output.text.match(/this batch is left out/g)).toHaveLength(4);
    const rows = readFileSync(join(created.experiment.folder.path, "history.csv"), "utf8")
      .trimEnd()
      .split("\n")
      .slice(1);
    const expected = goodLosses(15, isBad).map((loss, i) => `${i + 1},${loss}`);
    expect(rows).toEqual(expected.filter((_row, i) => (i + 1) % historyInterval === 0));
    // 15 batches that trained and 4 that were left out
    expect(created.random.state().block).toBe(19);
  });

  it("is left out in the same way by a run that stopped in between and goes on", async () => {
    const isBad = (batch: number) => [3, 7, 8].includes(batch);
    const settings = { mode: "skip", isBad } as const;
    const whole = await createExperiment(join(temporaryFolder(), "run"), { ...settings, iterations: 12 });
    await train(whole);
    const path = join(temporaryFolder(), "run");
    await train(await createExperiment(path, { ...settings, iterations: 6 }));
    const resumed = await createExperiment(path, { ...settings, iterations: 12 }, true);
    await train(resumed);
    expect(await result(resumed)).toEqual(await result(whole));
  });

  it("ends the run where batch after batch has to be left out", async () => {
    const settings = { mode: "skip", iterations: 9, isBad: (batch: number) => batch > 3 } as const;
    const created = await createExperiment(join(temporaryFolder(), "run"), settings);
    await expect(runExperiment(created.experiment, new Recorder())).rejects.toThrow(
      /loss is NaN at iteration 4: .*, with 10 batches left out; the last good checkpoint is .*, of iteration 3/,
    );
  });

  it("is taken as it is with ignore", async () => {
    const settings = { mode: "ignore", iterations: 9, isBad: (batch: number) => batch === 4 } as const;
    const created = await createExperiment(join(temporaryFolder(), "run"), settings);
    await train(created);
    const rows = readFileSync(join(created.experiment.folder.path, "history.csv"), "utf8").trimEnd().split("\n");
    expect(rows).toHaveLength(10);
    expect(rows[4]).toBe("4,NaN");
    expect(created.drawn).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it.each(["stop", "skip"] as const)(
    "costs nothing where there is none: %s draws, trains and reads as ignore does",
    async (mode) => {
      const [guarded, ignoring] = (await Promise.all(
        [mode, "ignore" as const].map(async (each) => {
          const created = await createExperiment(join(temporaryFolder(), "run"), { mode: each, iterations: 9 });
          await train(created);
          return created;
        }),
      )) as [Created, Created];
      expect(guarded.drawn).toEqual(ignoring.drawn);
      expect(await result(guarded)).toEqual(await result(ignoring));
    },
  );
});
