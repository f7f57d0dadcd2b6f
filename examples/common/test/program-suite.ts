// What holds for every example: a run writes its files, and one that stops and goes on ends in the same bits.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Module, Random, useBackend, zeros } from "@adjoint/core";
import { loadMnist } from "@adjoint/mnist";
import { expect, it } from "vitest";
import { type Program, runProgram } from "../src/index.js";
import { parseOptions } from "../src/options.js";
import { createSetting } from "../src/train.js";
import { runBits } from "./run-bits.js";
import { Recorder, temporaryFolder, writeSmallMnist } from "./support.js";

/** How a program is tried: quick, and so that it draws from all its generators. */
export interface Trial {
  /** Options of both runs. */
  readonly args: readonly string[];
  /** The option for its length, and two lengths. */
  readonly length: readonly [option: string, short: string, long: string];
  /** Files that it writes beside those of every run. */
  readonly files: readonly string[];
  /** The lines that the long run prints about its losses. */
  readonly lines: readonly RegExp[];
}

/** What every run writes but its samples. */
const COMMON_FILES = [
  "checkpoint.previous.safetensors",
  "checkpoint.safetensors",
  "gallery.png",
  "history.csv",
  "index.html",
  "losses.svg",
  "samples",
  "summary.json",
];

/** Runs a program and returns what it printed. */
export async function runQuietly<Name extends string, Own extends object>(
  program: Program<Name, Own>,
  args: readonly string[],
): Promise<string[]> {
  const [output, errors] = [new Recorder(), new Recorder()];
  const code = await runProgram(program, args, output, errors);
  expect({ code, errors: errors.text }).toEqual({ code: 0, errors: "" });
  return output.lines;
}

/** Tests of a whole program on twenty images. To be called in a `describe`. */
export function itRunsAndGoesOn<Name extends string, Own extends object>(
  program: Program<Name, Own>,
  { args, length: [option, short, long], files, lines }: Trial,
): void {
  it("writes its files, and ends in the same bits where it stops and goes on", async () => {
    const folder = temporaryFolder();
    const data = writeSmallMnist(join(folder, "data"));
    const [whole, parted] = [join(folder, "whole"), join(folder, "parted")];
    const printed = await runQuietly(program, [...args, option, long, "--data", data, "--out", whole]);
    const own = printed.slice(4, 4 + lines.length);
    own.forEach((line, i) => {
      expect(line).toMatch(lines[i] ?? /never/);
    });
    expect(readdirSync(whole).sort()).toEqual([...COMMON_FILES, ...files].sort());
    expect(readFileSync(join(whole, "index.html"), "utf8")).toContain(`<title>${program.title}</title>`);

    await runQuietly(program, [...args, option, short, "--data", data, "--out", parted]);
    await runQuietly(program, ["--resume", parted, option, long]);
    expect(await runBits(parted)).toEqual(await runBits(whole));
  });
}

/** Tests that a generator's pictures and measures are those of one of its program's models. To be called in a `describe`. */
export function itShowsImagesOf<Name extends string, Own extends object>(
  program: Program<Name, Own>,
  shown: string,
  args: readonly string[] = [],
): void {
  it(`shows and measures the images of ${[shown, ...args].join(" ")}`, async () => {
    await useBackend("wasm");
    const asked = parseOptions<Own>(program, args);
    if (asked.kind !== "run") throw new Error(`${program.command} ${args.join(" ")} does not train`);
    const mnist = loadMnist("train", { directory: writeSmallMnist(temporaryFolder()) });
    const { models, takePictures, generate } = program.create(createSetting(asked.options, mnist));
    const look = async () => ({
      large: [...(await takePictures()).large],
      generated: [...(generate?.(2, new Random(7)).dataSync() ?? [])],
    });
    const before = await look();
    for (const [name, model] of Object.entries(models)) if (name !== shown) clear(model);
    expect(await look()).toEqual(before);
    clear(models[shown] as Module);
    const after = await look();
    expect(after.large).not.toEqual(before.large);
    expect(after.generated).not.toEqual(before.generated);
  });
}

/** Sets all parameters to 0. */
function clear(model: Module): void {
  for (const parameter of model.parameters()) parameter.assign(zeros(parameter.shape));
}
