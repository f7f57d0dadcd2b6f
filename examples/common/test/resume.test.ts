// Going on with a run: what may change and what may not, which checkpoint is taken, and that the end is that of a run
// which never stopped.

import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { readCheckpointFile, saveCheckpoint } from "@adjoint/core/node";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { runProgram } from "../src/run-program.js";
import { runBits } from "./run-bits.js";
import { smallProgram } from "./small-program.js";
import { Recorder, temporaryFolder, writeSmallMnist } from "./support.js";

const CHECKPOINT = "checkpoint.safetensors";
const PREVIOUS = "checkpoint.previous.safetensors";

interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string[];
}

async function run(...args: string[]): Promise<Outcome> {
  const [output, errors] = [new Recorder(), new Recorder()];
  const code = await runProgram(smallProgram, args, output, errors);
  return { code, output: output.text, errors: errors.text ? errors.lines : [] };
}

/** Options of the run that all tests go on with. */
const OPTIONS = ["--backend", "reference", "--batch-size", "3", "--sample-interval", "4", "--history-interval", "3"];

let all: string;
let data: string;
/** A run of 7 iterations, with checkpoints at 0, 5 and 7, of which the last two are there. */
let stopped: string;

beforeAll(async () => {
  all = mkdtempSync(join(tmpdir(), "adjoint-small-"));
  data = writeSmallMnist(join(all, "data"));
  stopped = join(all, "stopped");
  const { code } = await run(
    ...OPTIONS,
    "--iterations",
    "7",
    "--checkpoint-interval",
    "5",
    "--data",
    data,
    "--out",
    stopped,
  );
  expect(code).toBe(0);
  return () => rmSync(all, { recursive: true, force: true });
});

/** A copy of the stopped run, for a test to go on with. */
function copied(): string {
  const folder = join(temporaryFolder(), "run");
  cpSync(stopped, folder, { recursive: true });
  return folder;
}

/** The same run without a stop. */
async function undisturbed(iterations: number): Promise<Record<string, string>> {
  const folder = join(temporaryFolder(), "run");
  await run(...OPTIONS, "--iterations", `${iterations}`, "--data", data, "--out", folder);
  return runBits(folder);
}

describe("--resume", () => {
  it("goes on for more iterations, and ends as a run that never stopped", async () => {
    const folder = copied();
    const { code, output } = await run("--resume", folder, "--iterations", "13");
    expect(code).toBe(0);
    expect(output).toMatch(/^going on {4}from iteration 7, .*checkpoint\.safetensors$/m);
    // neither the row nor the picture of iteration 7, which was the last
    expect(readdirSync(join(folder, "samples")).sort()).toEqual([
      "000004.png",
      "000008.png",
      "000012.png",
      "000013.png",
    ]);
    expect(await runBits(folder)).toEqual(await undisturbed(13));
  });

  it("is refused in one line while another process goes on with the run, which stays as it is", async () => {
    const folder = copied();
    const before = await runBits(folder);
    writeFileSync(join(folder, "run.lock"), JSON.stringify({ pid: process.ppid, host: hostname() }));
    const { code, errors } = await run("--resume", folder, "--iterations", "9");
    expect(code).toBe(1);
    expect(errors).toEqual([
      `small: --resume: process ${process.ppid} is at work in ${folder}; wait for its end, or end it`,
    ]);
    rmSync(join(folder, "run.lock"));
    expect(await runBits(folder)).toEqual(before);
  });

  it("needs nothing but the checkpoint and the history", async () => {
    const folder = copied();
    for (const name of readdirSync(folder))
      if (![CHECKPOINT, "history.csv", "samples"].includes(name)) rmSync(join(folder, name));
    expect(await run("--resume", folder, "--iterations", "9")).toMatchObject({ code: 0, errors: [] });
    expect(await runBits(folder)).toEqual(await undisturbed(9));
  });

  it("writes the end of a run that was killed after its last checkpoint", async () => {
    const folder = copied();
    const before = await runBits(folder);
    for (const name of ["model.safetensors", "index.html", "gallery.png", "samples/000007.png"])
      rmSync(join(folder, name));
    writeFileSync(join(folder, ".summary.json.abc.tmp"), "half");
    writeFileSync(join(folder, "samples", ".000007.png.abc.tmp"), "half");
    const { code, output } = await run("--resume", folder);
    expect(code).toBe(0);
    expect(output).toContain("7 iterations in");
    expect(await runBits(folder)).toEqual(before);
  });

  it("cuts off rows and pictures that came after the checkpoint", async () => {
    const folder = copied();
    copyFileSync(join(folder, PREVIOUS), join(folder, CHECKPOINT));
    writeFileSync(join(folder, "samples", "000099.png"), "later");
    expect((await run("--resume", folder)).output).toMatch(/^going on {4}from iteration 5,/m);
    expect(await runBits(folder)).toEqual(await undisturbed(7));
  });

  it("takes data from another place, where they are the same", async () => {
    const folder = copied();
    const moved = writeSmallMnist(join(temporaryFolder(), "moved"));
    expect(await run("--resume", folder, "--iterations", "8", "--data", moved)).toMatchObject({ code: 0, errors: [] });
  });

  it("takes another rate and batch size, notes from where on, and keeps them", async () => {
    const folder = copied();
    const args = ["--resume", folder, "--iterations", "9", "--learning-rate", "0.5", "--batch-size", "4"];
    expect(await run(...args)).toMatchObject({ code: 0, errors: [] });
    expect(await run("--resume", folder, "--iterations", "12")).toMatchObject({ code: 0, errors: [] });
    const summary = JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"));
    expect(summary.options).toMatchObject({ learningRate: 0.5, batchSize: 4 });
    expect(summary.changes).toEqual([
      { option: "batchSize", iteration: 7, from: 3, to: 4 },
      { option: "learningRate", iteration: 7, from: 0.001, to: 0.5 },
    ]);
    expect(readFileSync(join(folder, "index.html"), "utf8")).toContain("0.001 until iteration 7, then 0.5");
    const { progress } = await readCheckpointFile(join(folder, CHECKPOINT));
    expect(progress).toMatchObject({
      iteration: 12,
      options: { learningRate: 0.5 },
      changes: summary.changes,
    });
  });

  it("computes with the rate that it was given, and not with the one that was saved", async () => {
    const [still, same, half] = [copied(), copied(), copied()];
    await run("--resume", still, "--iterations", "8");
    await run("--resume", same, "--iterations", "8", "--learning-rate", "0.001");
    await run("--resume", half, "--iterations", "8", "--learning-rate", "0.0005");
    const models = [still, same, half].map((folder) => readFileSync(join(folder, "model.safetensors")).toString("hex"));
    expect(models[1]).toBe(models[0]);
    expect(models[2]).not.toBe(models[0]);
    expect(JSON.parse(readFileSync(join(same, "summary.json"), "utf8"))).not.toHaveProperty("changes");
  });

  it("keeps the batch size where a run counts in epochs", async () => {
    const folder = join(temporaryFolder(), "run");
    const defaults = { length: { epochs: 1 }, batchSize: 10, learningRate: 0.001 };
    const errors = new Recorder();
    const counting = (...args: string[]) => runProgram({ ...smallProgram, defaults }, args, new Recorder(), errors);
    expect(await counting("--backend", "reference", "--data", data, "--out", folder)).toBe(0);
    expect(await counting("--resume", folder, "--epochs", "2", "--batch-size", "4")).toBe(1);
    expect(errors.lines).toEqual([
      `small: --batch-size: ${folder} counts in epochs of batches of 10, and cannot go on with 4; ` +
        "leave the option out, or start a new run",
    ]);
  });

  it.each([
    [
      ["--seed", "2"],
      "--seed: RUN was started with 1, and cannot go on with 2; leave the option out, or start a new run",
    ],
    [
      ["--history-interval", "2"],
      "--history-interval: RUN was started with 3, and cannot go on with 2; leave the option out, or start a new run",
    ],
    [
      ["--backend", "wasm"],
      "--backend: RUN was started with reference, and cannot go on with wasm; leave the option out, or start a new run",
    ],
    [["--iterations", "6"], "--iterations: RUN has done 7 already, and cannot end with 6"],
  ])("refuses %j, and leaves everything as it is", async (args, message) => {
    const folder = copied();
    const before = await runBits(folder);
    const { code, errors } = await run("--resume", folder, ...args);
    expect(code).toBe(1);
    expect(errors).toEqual([`small: ${message.replaceAll("RUN", folder)}`]);
    expect(await runBits(folder)).toEqual(before);
  });

  it("goes on on the backend that auto took, and says why it was taken", async () => {
    const folder = join(temporaryFolder(), "run");
    const options = ["--backend", "auto", "--batch-size", "2", "--iterations", "3", "--data", data, "--out", folder];
    const { code } = await run(...options);
    expect(code).toBe(0);
    const summary = () => JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"));
    const { backend } = summary();
    expect(backend.reason).toContain("auto took");
    const resumed = await run("--resume", folder, "--iterations", "4", "--backend", backend.name);
    expect(resumed).toMatchObject({ code: 0, errors: [] });
    expect(summary()).toMatchObject({ backend, options: { backend: "auto" } });
  });

  it("takes options that say the same as before", async () => {
    expect(await run("--resume", copied(), ...OPTIONS, "--iterations", "7")).toMatchObject({ code: 0, errors: [] });
  });

  it("refuses other images", async () => {
    const folder = copied();
    const other = writeSmallMnist(join(temporaryFolder(), "other"), 21);
    const { code, errors } = await run("--resume", folder, "--data", other);
    expect(code).toBe(1);
    expect(errors).toEqual([`small: --data: ${folder} was trained with other images, and cannot go on with these`]);
  });

  it("says how to name the images where they are gone, and goes on where they are now", async () => {
    const folder = join(temporaryFolder(), "run");
    const [before, now] = ["before", "now"].map((name) => join(temporaryFolder(), name)) as [string, string];
    writeSmallMnist(before, 12);
    const started = await run("--iterations", "2", "--batch-size", "4", "--data", before, "--out", folder);
    expect(started).toMatchObject({ code: 0, errors: [] });
    renameSync(before, now);
    const { code, errors } = await run("--resume", folder, "--iterations", "3");
    expect([code, errors]).toEqual([
      1,
      [
        `small: --resume: loadMnist: there is no folder ${before}, where the run had its images; if they are elsewhere now, name that with --data`,
      ],
    ]);
    const resumed = await run("--resume", folder, "--iterations", "3", "--data", now);
    expect(resumed).toMatchObject({ code: 0, errors: [] });
  });

  it("refuses a folder that is not there, and one without a checkpoint", async () => {
    const folder = temporaryFolder();
    const missing = await run("--resume", join(folder, "none"));
    expect(missing).toMatchObject({
      code: 1,
      errors: [`small: --resume: there is no folder ${join(folder, "none")}`],
    });
    const empty = await run("--resume", folder);
    expect(empty.code).toBe(1);
    expect(empty.errors).toHaveLength(1);
    expect(empty.errors[0]).toMatch(/^small: --resume: .* has no checkpoint to go on from: .*there is no such file/);
  });

  it("refuses the checkpoint of something else", async () => {
    const folder = temporaryFolder();
    await saveCheckpoint(join(folder, CHECKPOINT), { progress: { program: "other", iteration: 3 } });
    const { code, errors } = await run("--resume", folder);
    expect(code).toBe(1);
    expect(errors).toEqual([`small: --resume: ${join(folder, CHECKPOINT)}: program: expected "small", found "other"`]);
  });

  it.each([
    ["a header that is none", "iteration,other\n", /history\.csv: line 1: expected iteration,loss, found/],
    [
      "a row that is none",
      "HEADER\n3,1,1\n",
      /history\.csv: line 2: expected a later iteration and 1 numbers, found "3,1,1"/,
    ],
    ["a missing row", "HEADER\n3,1\n6,1\n7,1\n", /history\.csv: the row of iteration 4 is missing/],
  ])("refuses a history with %s", async (_, text, message) => {
    const folder = copied();
    const header = "iteration,loss";
    writeFileSync(join(folder, "history.csv"), text.replace("HEADER", header));
    const { code, errors } = await run("--resume", folder);
    expect(code).toBe(1);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
  });
});

describe("a damaged checkpoint", () => {
  const harms: [string, (path: string) => void][] = [
    ["cut off", (path) => truncateSync(path, 5000)],
    ["empty", (path) => truncateSync(path, 0)],
    [
      "turned bits",
      (path) => {
        const bytes = readFileSync(path);
        bytes[bytes.length - 9] = (bytes.at(-9) as number) ^ 4;
        writeFileSync(path, bytes);
      },
    ],
    ["removed", (path) => rmSync(path)],
    [
      "a folder in its place",
      (path) => {
        rmSync(path);
        mkdirSync(path);
        onTestFinished(() => rmSync(path, { recursive: true, force: true }));
      },
    ],
  ];

  it.each(harms.slice(0, 4))("is told of, and the one before it taken: %s", async (_, harm) => {
    const folder = copied();
    harm(join(folder, CHECKPOINT));
    const { code, output } = await run("--resume", folder, "--checkpoint-interval", "1");
    expect(code).toBe(0);
    expect(output).toMatch(new RegExp(`^damaged {5}\\S+: ${join(folder, CHECKPOINT)}: `, "m"));
    expect(output).toContain(`going on    from iteration 5, ${join(folder, PREVIOUS)}`);
    expect(await runBits(folder)).toEqual(await undisturbed(7));
  });

  it("never takes the place of the good one before it", async () => {
    const folder = copied();
    truncateSync(join(folder, CHECKPOINT), 5000);
    const good = readFileSync(join(folder, PREVIOUS));
    // one checkpoint is written: at the end
    await run("--resume", folder, "--iterations", "6");
    expect(readFileSync(join(folder, PREVIOUS)).equals(good)).toBe(true);
    truncateSync(join(folder, CHECKPOINT), 5000);
    expect((await run("--resume", folder, "--iterations", "7")).code).toBe(0);
    expect(await runBits(folder)).toEqual(await undisturbed(7));
  });

  it.each(harms)("is refused with what is wrong with each where the one before is damaged too: %s", async (_, harm) => {
    const folder = copied();
    for (const name of [CHECKPOINT, PREVIOUS]) harm(join(folder, name));
    const { code, errors } = await run("--resume", folder);
    expect(code).toBe(1);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^small: --resume: \S+ has no checkpoint to go on from: /);
    for (const name of [CHECKPOINT, PREVIOUS]) expect(errors[0]).toContain(`${join(folder, name)}: `);
  });

  it("is not looked for in what a killed process left on its way, once another was gone on from", async () => {
    const folder = copied();
    renameSync(join(folder, CHECKPOINT), join(folder, "checkpoint.next.safetensors"));
    copyFileSync(join(folder, PREVIOUS), join(folder, CHECKPOINT));
    // iteration 5 is gone on from, and this ends before there is another checkpoint
    const other = writeSmallMnist(join(temporaryFolder(), "other"), 21);
    expect((await run("--resume", folder, "--data", other)).code).toBe(1);
    expect(readdirSync(folder)).not.toContain("checkpoint.next.safetensors");
    truncateSync(join(folder, CHECKPOINT), 5000);
    expect((await run("--resume", folder, "--iterations", "7")).code).toBe(0);
    expect(await runBits(folder)).toEqual(await undisturbed(7));
  });

  it("is not missed where the newest was on its way to its place", async () => {
    const folder = copied();
    renameSync(join(folder, CHECKPOINT), join(folder, "checkpoint.next.safetensors"));
    const { code, output } = await run("--resume", folder, "--iterations", "8");
    expect(code).toBe(0);
    expect(output).toContain(`going on    from iteration 7, ${join(folder, CHECKPOINT)}`);
    expect(await runBits(folder)).toEqual(await undisturbed(8));
  });
});
