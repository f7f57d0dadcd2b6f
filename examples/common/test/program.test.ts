// A program from its arguments to its exit code: errors that are the user's, epochs, and what it may give at the end.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Program } from "../src/index.js";
import { runProgram } from "../src/run-program.js";
import { smallProgram } from "./small-program.js";
import { idx, Recorder, temporaryFolder, writeSmallMnist } from "./support.js";

async function runOf<Name extends string>(program: Program<Name>, ...args: string[]) {
  const [output, errors] = [new Recorder(), new Recorder()];
  return { code: await runProgram(program, ["--backend", "reference", ...args], output, errors), output, errors };
}

const run = (...args: string[]) => runOf(smallProgram, ...args);

describe("an error that is the user's", () => {
  it("is one line and exit code 1: a data folder that is not there", async () => {
    const folder = temporaryFolder();
    const { code, errors, output } = await run("--data", join(folder, "none"), "--out", join(folder, "run"));
    expect(code).toBe(1);
    expect(errors.lines).toEqual([`small: loadMnist: there is no folder ${join(folder, "none")}`]);
    expect(output.text).toBe("");
    expect(existsSync(join(folder, "run"))).toBe(false);
  });

  it("is one line and exit code 1: a file that is no IDX file", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "train-images-idx3-ubyte"), idx([2, 28, 28], { missing: 1 }));
    const { code, errors } = await run("--data", folder, "--out", join(folder, "run"));
    expect(code).toBe(1);
    expect(errors.lines).toHaveLength(1);
    expect(errors.text).toMatch(
      /^small: .*train-images-idx3-ubyte: expected 1568 values for \[2,28,28\], found 1567\n$/,
    );
  });

  it("is one line and exit code 1: a file in the folder's place", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    const { code, errors } = await run("--data", writeSmallMnist(folder), "--out", join(folder, "file", "run"));
    expect(code).toBe(1);
    expect(errors.lines).toHaveLength(1);
    expect(errors.text).toMatch(/^small: (ENOTDIR|EEXIST|ENOENT): .*file/);
  });

  it("is one line and exit code 1: a folder with a run in it", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "summary.json"), "{}");
    const { code, errors } = await run("--data", writeSmallMnist(folder), "--out", folder);
    expect(code).toBe(1);
    expect(errors.lines).toEqual([
      `small: --out: ${folder} already holds a run; name another folder, or add --overwrite`,
    ]);
    expect(readFileSync(join(folder, "summary.json"), "utf8")).toBe("{}");
  });
});

describe("a program that counts epochs", () => {
  const program: Program<"loss"> = {
    ...smallProgram,
    defaults: { length: { epochs: 2 }, batchSize: 8, learningRate: 0.001 },
    describeLosses: ({ last, mean, epoch }) => `${epoch} ${last.iteration} ${last.loss} ${mean.loss}`,
  };

  it("trains for as many iterations as it takes, and tells of each epoch with its mean", async () => {
    const folder = temporaryFolder();
    const out = join(folder, "run");
    // 20 images: an epoch has 3 iterations
    const args = ["--history-interval", "1", "--data", writeSmallMnist(join(folder, "data")), "--out", out];
    const { code, output, errors } = await runOf(program, ...args);
    expect({ code, errors: errors.text }).toEqual({ code: 0, errors: "" });
    const rows = readFileSync(join(out, "history.csv"), "utf8").trimEnd().split("\n").slice(1);
    const losses = rows.map((row) => Number(row.split(",")[1]));
    expect(losses).toHaveLength(6);
    const told = output.lines.filter((line) => /^[12] [36] /.test(line)).map((line) => line.split(" ").map(Number));
    expect(told.map((numbers) => numbers.slice(0, 3))).toEqual([
      [1, 3, losses[2]],
      [2, 6, losses[5]],
    ]);
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(told[0]?.[3]).toBeCloseTo(mean(losses.slice(0, 3)), 12);
    expect(told[1]?.[3]).toBeCloseTo(mean(losses.slice(3)), 12);
    for (const iteration of [3, 6]) expect(existsSync(join(out, "samples", `00000${iteration}.png`))).toBe(true);

    const more = await runOf(program, "--resume", out, "--epochs", "3");
    expect(more.errors.text).toBe("");
    expect(readFileSync(join(out, "history.csv"), "utf8").trimEnd().split("\n")).toHaveLength(10);
    const less = await runOf(program, "--resume", out, "--epochs", "1");
    expect(less.errors.lines).toEqual([`small: --epochs: ${out} has done 9 already, and cannot end with 3`]);
  });
});

describe("a program that gives more at the end", () => {
  it("has its pictures in the folder and on the page, and what it found in words and in numbers", async () => {
    const folder = temporaryFolder();
    const out = join(folder, "run");
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>');
    const program: Program<"loss"> = {
      ...smallProgram,
      create: (setting) => ({
        ...smallProgram.create(setting),
        finalPictures: [{ name: "latent.svg", caption: "Where images lie", draw: async () => svg }],
        afterTraining: async () => ({ heading: "Measures", rows: [["Share", "a quarter"]], values: { share: 0.25 } }),
      }),
    };
    const data = writeSmallMnist(join(folder, "data"));
    const args = ["--iterations", "2", "--batch-size", "2", "--data", data, "--out", out];
    const { code, output } = await runOf(program, ...args);
    expect(code).toBe(0);
    expect(output.lines).toContain("Share: a quarter");
    expect(readFileSync(join(out, "latent.svg")).equals(svg)).toBe(true);
    expect(JSON.parse(readFileSync(join(out, "summary.json"), "utf8"))).toMatchObject({ measures: { share: 0.25 } });
    const page = readFileSync(join(out, "index.html"), "utf8");
    expect(page).toContain(`src="data:image/svg+xml;base64,${svg.toString("base64")}"`);
    for (const text of ["Where images lie", "<h2>Measures</h2>", "a quarter"]) expect(page).toContain(text);

    const refused = await runOf(program, ...args);
    expect(refused.errors.text).toContain("already holds a run");
    const { code: again } = await runOf(smallProgram, ...args, "--overwrite");
    expect(again).toBe(0);
  });
});
