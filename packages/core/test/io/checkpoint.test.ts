// Checkpoints: a run that is saved and restored goes on in the same bits; what does not fit or is damaged is refused as
// a whole, and nothing changes.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Adam,
  ArgumentError,
  type Backend,
  currentBackend,
  Dense,
  NonFiniteError,
  Parameter,
  Random,
  ReferenceBackend,
  randomNormal,
  Sequential,
  SGD,
  StateError,
  Tanh,
  tensor,
  withBackend,
} from "@adjoint/core";
import { openSafetensors, readCheckpoint, writeCheckpoint, writeSafetensors } from "@adjoint/core/io";
import { loadCheckpoint, readCheckpointFile, saveCheckpoint } from "@adjoint/core/node";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { bits } from "../support/bits.js";
import { runs } from "../support/runs.js";
import { StrictBackend } from "../support/strict-backend.js";
import { refusal } from "./support.js";

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-checkpoint-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A small run: two models with an optimizer each, fed with noise. */
function createRun(seed: number, hidden = 5) {
  const random = new Random(seed);
  const noise = new Random(seed, { stream: 1 });
  const layers = () => [new Dense(3, hidden, { random }), new Tanh(), new Dense(hidden, 2, { random })];
  const models = { first: new Sequential(layers(), { name: "first" }), second: new Sequential(layers()) };
  const optimizers = { first: new Adam(models.first.parameters()), second: new SGD(models.second.parameters()) };
  const step = () => {
    const x = randomNormal([4, 3], { random: noise });
    optimizers.first.minimize(() => models.first.apply(x).square().mean());
    optimizers.second.minimize(() => models.second.apply(x).square().mean());
  };
  return { parts: { models, optimizers, randoms: { noise } }, step };
}

type Run = ReturnType<typeof createRun>;

function allBits({ parts: { models, optimizers, randoms } }: Run): unknown {
  return [
    bits(models.first),
    bits(models.second),
    bits(optimizers.first),
    bits(optimizers.second),
    randoms.noise.state(),
  ];
}

function steps(run: Run, count: number): void {
  for (let i = 0; i < count; i++) run.step();
}

async function checkpointOf(run: Run, progress: unknown = null): Promise<Uint8Array> {
  return writeCheckpoint({ ...run.parts, progress });
}

describe("a checkpoint", () => {
  const backends: [string, () => Backend][] = [
    ["wasm", () => currentBackend()],
    ["reference", () => new ReferenceBackend()],
    ["reference:float64", () => new ReferenceBackend({ dtype: "float64" })],
  ];

  it.each(backends)("goes on in the same bits on %s, and gives back where the run stood", async (_, backend) => {
    const [run, other] = withBackend(backend(), () => [createRun(1), createRun(2)]);
    withBackend(run.parts.models.first.parameters()[0]?.backend as Backend, () => steps(run, 3));
    const path = join(temporaryFolder(), "checkpoint.safetensors");
    const progress = { iteration: 3, cursor: [1, { epoch: 2 }], name: "é", none: null, done: false };
    await saveCheckpoint(path, { ...run.parts, progress });
    const loaded = await loadCheckpoint(path, other.parts);
    expect(loaded.progress).toEqual(progress);
    expect(allBits(other)).toEqual(allBits(run));
    for (const each of [run, other]) {
      withBackend(each.parts.models.first.parameters()[0]?.backend as Backend, () => steps(each, 3));
    }
    expect(allBits(other)).toEqual(allBits(run));
    expect(allBits(other)).not.toEqual(allBits(createRun(1)));
  });

  it("is a safetensors file with names, versions and a checksum", async () => {
    const run = createRun(1);
    const bytes = await checkpointOf(run, { iteration: 7 });
    const { metadata, tensors } = await openSafetensors(bytes);
    expect(Object.fromEntries(metadata)).toEqual({
      format: "adjoint checkpoint",
      "format version": "2",
      "adjoint version": expect.stringMatching(/^\d+\.\d+\.\d+$/),
      randoms: JSON.stringify({ noise: run.parts.randoms.noise.state() }),
      progress: '{"iteration":7}',
      checksum: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
    expect([...tensors.keys()].filter((name) => name.includes("0.kernel") || name.includes("/0."))).toEqual([
      "models/first/0.bias",
      "models/first/0.kernel",
      "models/second/0.bias",
      "models/second/0.kernel",
      "optimizers/first/0.m",
      "optimizers/first/0.step",
      "optimizers/first/0.v",
      "optimizers/second/0.step",
    ]);
    expect(await checkpointOf(run, { iteration: 7 })).toEqual(bytes);
  });

  it("holds what was there when it was asked for, also where reading takes time", async () => {
    const later = new StrictBackend({ synchronous: false });
    const make = (value: number) => new Adam([new Parameter(tensor([value]), "p")]);
    const [saved, loaded] = withBackend(later, () => [make(1), make(2)]);
    const apply = () => {
      const gradient = withBackend(later, () => tensor([3]));
      saved.applyGradients(new Map([[saved.parameters[0] as Parameter, gradient]]));
    };
    apply();
    const state = [...saved.stateDict()];
    const expected = await Promise.all(state.map(async ([name, value]) => [name, await value.data()]));
    const writing = writeCheckpoint({ optimizers: { saved } });
    apply();
    const checkpoint = await readCheckpoint(await writing);
    await checkpoint.restore({ optimizers: { saved: loaded } });
    const found = [...loaded.stateDict()].map(async ([name, value]) => [name, await value.data()]);
    expect(await Promise.all(found)).toEqual(expected);
  });

  it("lets one model be taken out of it, where that is meant", async () => {
    const run = createRun(1);
    const checkpoint = await readCheckpoint(await checkpointOf(run));
    const { first } = createRun(2).parts.models;
    await expect(checkpoint.restore({ models: { first } })).rejects.toThrow("unexpected: models/second/0.bias");
    await checkpoint.restore({ models: { first } }, { allowUnused: true });
    expect(bits(first)).toEqual(bits(run.parts.models.first));
  });
});

describe("what does not fit", () => {
  it("is refused with every name at once, and nothing changes", async () => {
    const run = createRun(1);
    const checkpoint = await readCheckpoint(await checkpointOf(run), { file: "run/checkpoint" });
    const other = createRun(2, 6);
    const before = allBits(other);
    const { models, optimizers, randoms } = other.parts;
    const restoring = checkpoint.restore({
      models: { first: models.first, third: new Dense(1, 1, { random: new Random(1), bias: false }) },
      optimizers,
      randoms: { ...randoms, data: new Random(1) },
    });
    const error = await restoring.then(() => undefined).catch((refused: unknown) => refused);
    expect(error).toBeInstanceOf(StateError);
    expect((error as StateError).message).toBe(
      "loadCheckpoint: run/checkpoint: does not fit: missing: models/third/kernel, randoms/data; " +
        "unexpected: models/second/0.bias, models/second/0.kernel, models/second/2.bias, models/second/2.kernel; " +
        "wrong shape: models/first/0.kernel is [3,5], expected [3,6], models/first/0.bias is [5], expected [6], " +
        "models/first/2.kernel is [5,2], expected [6,2], " +
        "optimizers/first/0.m is [3,5], expected [3,6], optimizers/first/0.v is [3,5], expected [3,6], " +
        "optimizers/first/1.m is [5], expected [6], optimizers/first/1.v is [5], expected [6], " +
        "optimizers/first/2.m is [5,2], expected [6,2], optimizers/first/2.v is [5,2], expected [6,2]",
    );
    expect(allBits(other)).toEqual(before);
  });

  it.each([
    ["NaN", { cursor: Number.NaN }, "progress.cursor is NaN, which JSON cannot hold"],
    ["undefined", { a: [1, undefined] }, "progress.a.1 is undefined, which JSON cannot hold"],
    ["a class of its own", { when: new Date(0) }, "progress.when is an object (Date), which JSON cannot hold"],
    ["a big integer", 1n, "progress is 1n, which JSON cannot hold"],
  ])("is refused when saving: %s", async (_, progress, message) => {
    const writing = checkpointOf(createRun(1), progress);
    await expect(writing).rejects.toThrow(new ArgumentError("writeCheckpoint", message));
  });

  it("is refused when saving: a value that is not finite, and the former file stays", async () => {
    const path = join(temporaryFolder(), "checkpoint");
    const run = createRun(1);
    await saveCheckpoint(path, run.parts);
    const before = readFileSync(path);
    const bias = run.parts.models.second.namedParameters().get("2.bias") as Parameter;
    bias.assign(tensor([1, Number.POSITIVE_INFINITY]));
    const saving = saveCheckpoint(path, run.parts);
    const message = "models/second/2.bias has a value that is Infinity";
    await expect(saving).rejects.toThrow(new NonFiniteError("saveCheckpoint", message));
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(join(path, ".."))).toEqual(["checkpoint"]);
    await saveCheckpoint(path, { ...run.parts, allowNonFinite: true });
    bias.assign(tensor([0, 0]));
    await loadCheckpoint(path, run.parts);
    expect([...bias.dataSync()]).toEqual([1, Number.POSITIVE_INFINITY]);
  });
});

describe("a damaged checkpoint", () => {
  it("is refused wherever a bit was turned or the rest cut off", async () => {
    const bytes = await checkpointOf(createRun(1), { iteration: 7, options: { seed: 1 } });
    const whole = await openSafetensors(bytes);
    // the header is filled up with spaces, which say nothing
    const header = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const unused = bytes.subarray(0, header).findLastIndex((byte) => byte !== 0x20) + 1;
    expect(whole.metadata.size).toBe(6);
    const place = fc.integer({ min: 0, max: bytes.length - 1 }).filter((at) => at < unused || at >= header);
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 0, max: 7 }), fc.boolean(), async (at, bit, cut) => {
        const damaged = cut ? bytes.slice(0, at) : bytes.slice();
        if (!cut) damaged[at] = (damaged[at] as number) ^ (1 << bit);
        expect(await refusal(() => readCheckpoint(damaged, { file: "run" }))).toMatch(
          /^(readCheckpoint|openSafetensors): run: /,
        );
      }),
      runs(8),
    );
  });

  it("says that the checksum is wrong", async () => {
    const path = join(temporaryFolder(), "checkpoint");
    const bytes = await checkpointOf(createRun(1));
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    writeFileSync(path, bytes);
    expect(await refusal(() => readCheckpointFile(path))).toMatch(
      new RegExp(`^readCheckpoint: ${path}: checksum: expected [0-9a-f]{8}, found [0-9a-f]{8}: the file is damaged$`),
    );
  });

  it.each([
    ["a model's file", {}, 'format: expected "adjoint checkpoint", found "none"'],
    [
      "a later format",
      { format: "adjoint checkpoint", "format version": "3", "adjoint version": "9.0.0" },
      "format version: expected 1 or 2, found 3, of adjoint 9.0.0",
    ],
    [
      "no checksum",
      { format: "adjoint checkpoint", "format version": "1" },
      "checksum: expected none, found 8467c1a9: the file is damaged",
    ],
  ])("is refused: %s", async (_, fields, problem) => {
    const bytes = writeSafetensors([], { metadata: Object.entries(fields) });
    const found = (await refusal(() => readCheckpoint(bytes))).replace(/[0-9a-f]{8}(?=: the file)/, "8467c1a9");
    expect(found).toBe(`readCheckpoint: checkpoint: ${problem}`);
  });
});
