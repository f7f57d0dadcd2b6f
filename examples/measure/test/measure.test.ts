// The command: measures a run as the run measured itself, trains what is missing, and refuses what is no run.

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "@adjoint/example-common";
import { mnistGan } from "@adjoint/example-mnist-gan";
import { expect, it } from "vitest";
import { Recorder, temporaryFolder } from "../../common/test/support.js";
import { runMeasure } from "../src/program.js";
import { trainSeeds } from "../src/seeds.js";
import type { Comparison } from "../src/table.js";

const SHORT = ["--iterations", "4", "--batch-size", "8", "--threads", "1"];

async function run(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const [output, errors] = [new Recorder(), new Recorder()];
  return { code: await runMeasure(args, output, errors), output: output.text, errors: errors.text };
}

it("measures a run as it measured itself at its end, whichever recipe, and writes the table", async () => {
  const folder = temporaryFolder();
  const out = join(folder, "tuned");
  const output = new Recorder();
  const code = await runProgram(mnistGan, [...SHORT, "--recipe", "tuned", "--out", out], output, new Recorder());
  expect(code).toBe(0);
  expect(output.text).toMatch(/^Fréchet distance +\d+\.\d +\d+\.\d ± \d+\.\d +\d+\.\d$/m);
  const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8"));
  expect(readFileSync(join(out, "index.html"), "utf8")).toContain("How good the generator is");

  const readme = join(folder, "README.md");
  writeFileSync(readme, "before\n<!-- measures:begin -->\n<!-- measures:end -->\nafter\n");
  const { output: json, errors } = await run("--json", "--readme", readme, out);
  expect(errors).toBe("");
  const { runs, images, gan }: Comparison = JSON.parse(json);
  expect({ images, seeds: gan.length }).toEqual({ images: 10_000, seeds: 5 });
  const [measured] = runs;
  expect(measured).toMatchObject({ program: "mnist-gan", recipe: "tuned", seed: 1, iterations: 4, backend: "wasm" });
  expect(measured?.measures.frechetDistance).toBe(summary.measures.frechetDistance);
  expect(measured?.measures.shares).toEqual([...Array(10).keys()].map((digit) => summary.measures[`digit${digit}`]));
  const text = readFileSync(readme, "utf8");
  expect(text).toMatch(/^before\n[\s\S]*after\n$/);
  expect(text).toContain("| mnist-gan, recipe tuned, seed 1, 4 iterations ");
  expect(text).toContain(`npm run measure -- --json --readme ${readme} ${out}`);
});

it("trains each seed into a folder of its own, keeps what is finished, and goes on with what is not", async () => {
  const runs = join(temporaryFolder(), "seeds");
  const folders = await trainSeeds(2, runs, new Recorder(), [...SHORT, "--no-measures"]);
  expect(folders).toEqual([join(runs, "mnist-gan-1"), join(runs, "mnist-gan-2")]);
  const summaries = folders.map((folder) => join(folder, "summary.json"));
  const read = () => summaries.map((path) => JSON.parse(readFileSync(path, "utf8")));
  expect(read()).toMatchObject([
    { seed: 1, status: "finished", iterationsDone: 4 },
    { seed: 2, status: "finished", iterationsDone: 4 },
  ]);
  const [first, second] = summaries as [string, string];
  const before = statSync(first).mtimeMs;
  writeFileSync(second, JSON.stringify({ ...read()[1], status: "running" }));
  const output = new Recorder();
  await trainSeeds(2, runs, output, SHORT);
  expect(statSync(first).mtimeMs).toBe(before);
  expect(output.text).toContain("going on    from iteration 4");
  expect(read()[1]).toMatchObject({ status: "finished" });
});

it("takes no other run for that of a seed", async () => {
  const runs = join(temporaryFolder(), "seeds");
  await trainSeeds(1, runs, new Recorder(), [...SHORT, "--no-measures"]);
  const path = join(runs, "mnist-gan-1", "summary.json");
  const summary = JSON.parse(readFileSync(path, "utf8"));
  const others = [
    [{ ...summary, options: { ...summary.options, recipe: "tuned" } }, "with recipe tuned, not article"],
    [{ ...summary, options: { ...summary.options, seed: 3 } }, "with seed 3, not 1"],
    [{ ...summary, program: "vae" }, "of vae"],
  ] as const;
  for (const [other, words] of others) {
    writeFileSync(path, JSON.stringify(other));
    const training = trainSeeds(1, runs, new Recorder(), SHORT);
    await expect(training).rejects.toThrow(
      `${join(runs, "mnist-gan-1")} holds a run ${words}; move it, or name another`,
    );
  }
  // as the command asks for it: 20,000 iterations
  writeFileSync(path, JSON.stringify(summary));
  await expect(trainSeeds(1, runs, new Recorder())).rejects.toThrow("with iterations 4, not 20000");
});

it("refuses what is no run, and runs of programs without a generator, with one line", async () => {
  const folder = temporaryFolder();
  const absent = join(folder, "absent");
  expect(await run(absent)).toEqual({
    code: 1,
    output: "",
    errors: `measure: ${join(absent, "summary.json")} cannot be read; expected the folder of a run\n`,
  });
  const other = join(folder, "other");
  mkdirSync(other);
  writeFileSync(join(other, "summary.json"), JSON.stringify({ program: "autoencoder" }));
  const { code, errors } = await run(other);
  expect(code).toBe(1);
  expect(errors).toContain("is a run of autoencoder; expected one of mnist-gan, vae, dcgan, wgan-gp");
  expect(existsSync(join(folder, "runs"))).toBe(false);
});

it("refuses wrong options with exit code 2, and explains itself", async () => {
  expect(await run("--seeds", "1")).toMatchObject({ code: 2, output: "" });
  expect(await run("--nothing")).toMatchObject({ code: 2, errors: "measure: unknown option '--nothing'\n" });
  const { code, output } = await run("--help");
  expect(code).toBe(0);
  expect(output).toContain("--seeds <count>");
});

it("refuses a file without markers and leaves it as it is", async () => {
  const readme = join(temporaryFolder(), "README.md");
  writeFileSync(readme, "nothing");
  const { code, errors } = await run("--readme", readme);
  expect({ code, errors }).toEqual({
    code: 1,
    errors: "measure: the file has no <!-- measures:begin --> followed by <!-- measures:end -->\n",
  });
  expect(readFileSync(readme, "utf8")).toBe("nothing");
});
