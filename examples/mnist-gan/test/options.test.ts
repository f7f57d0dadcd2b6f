// The command line: what is understood, what is refused in one line, and that README.md says the same as --help.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { describeOptions, parseOptions } from "../src/options.js";
import { runProgram } from "../src/program.js";
import { Recorder } from "./support.js";

describe("parseOptions", () => {
  it("gives the defaults", () => {
    expect(parseOptions([])).toEqual({
      kind: "run",
      options: {
        iterations: 20_000,
        batchSize: 128,
        learningRate: 0.001,
        seed: 1,
        backend: "wasm",
        sampleInterval: 1000,
        historyInterval: 10,
        checkpointInterval: 1000,
        onNonFinite: "stop",
        layout: "adjoint",
        overwrite: false,
      },
      given: [],
    });
  });

  it("reads every option", () => {
    const args =
      "--iterations 7 --batch-size 2 --learning-rate 2e-4 --seed 0 --backend gpu:webasm --sample-interval=3 " +
      "--history-interval 1 --checkpoint-interval 4 --on-non-finite skip --layout pytorch --data idx --out runs/demo " +
      "--overwrite";
    expect(parseOptions(args.split(" "))).toEqual({
      kind: "run",
      options: {
        iterations: 7,
        batchSize: 2,
        learningRate: 0.0002,
        seed: 0,
        backend: "gpu:webasm",
        sampleInterval: 3,
        historyInterval: 1,
        checkpointInterval: 4,
        onNonFinite: "skip",
        layout: "pytorch",
        data: "idx",
        out: "runs/demo",
        overwrite: true,
      },
      given: expect.arrayContaining(["iterations", "seed", "out", "overwrite"]),
    });
  });

  it("tells what was typed from what has its default, also where both are the same", () => {
    const invocation = parseOptions(["--resume", "runs/demo", "--seed", "1"]);
    expect(invocation).toMatchObject({ options: { resume: "runs/demo" } });
    expect(invocation.kind === "run" && [...invocation.given].sort()).toEqual(["resume", "seed"]);
  });

  it("explains every option, with its default", () => {
    const invocation = parseOptions(["--help"]);
    const text = invocation.kind === "help" ? invocation.text.replace(/\s+/g, " ") : "";
    for (const { flags, description, defaultValue } of describeOptions()) {
      expect(text).toContain(`${flags} ${description}`);
      if (defaultValue) expect(text).toMatch(new RegExp(`default: "?${defaultValue.replace(".", "[.]")}"?\\)`));
    }
    expect(describeOptions().map(({ flags }) => flags.split(/[ ,]/)[0])).toEqual(
      "--iterations --batch-size --learning-rate --seed --backend --threads --sample-interval --history-interval --checkpoint-interval --on-non-finite --layout --data --out --overwrite --resume".split(
        " ",
      ),
    );
  });
});

describe("a wrong option", () => {
  it.each([
    [["--iteration", "5"], "mnist-gan: unknown option '--iteration' (Did you mean --iterations?)"],
    [
      ["--iterations", "many"],
      "mnist-gan: option '--iterations <count>' argument 'many' is invalid. It must be a whole number ≥ 1.",
    ],
    [
      ["--iterations", "-5"],
      "mnist-gan: option '--iterations <count>' argument '-5' is invalid. It must be a whole number ≥ 1.",
    ],
    [
      ["--iterations", "1.5"],
      "mnist-gan: option '--iterations <count>' argument '1.5' is invalid. It must be a whole number ≥ 1.",
    ],
    [
      ["--iterations", "99999999999999999"],
      "mnist-gan: option '--iterations <count>' argument '99999999999999999' is invalid. It must be a whole number ≥ 1.",
    ],
    [["--iterations"], "mnist-gan: option '--iterations <count>' argument missing"],
    [
      ["--batch-size", "0"],
      "mnist-gan: option '--batch-size <count>' argument '0' is invalid. It must be a whole number from 1 to 65536.",
    ],
    [["--seed", ""], "mnist-gan: option '--seed <number>' argument '' is invalid. It must be a whole number ≥ 0."],
    [
      ["--learning-rate", "0"],
      "mnist-gan: option '--learning-rate <rate>' argument '0' is invalid. It must be a number > 0.",
    ],
    [
      ["--learning-rate", "1e999"],
      "mnist-gan: option '--learning-rate <rate>' argument '1e999' is invalid. It must be a number > 0.",
    ],
    [
      ["--checkpoint-interval", "0"],
      "mnist-gan: option '--checkpoint-interval <count>' argument '0' is invalid. It must be a whole number ≥ 1.",
    ],
    [
      ["--on-non-finite", "panic"],
      "mnist-gan: option '--on-non-finite <what>' argument 'panic' is invalid. Allowed choices are stop, skip, ignore.",
    ],
    [
      ["--resume", "runs/demo", "--out", "runs/other"],
      "mnist-gan: option '--resume <folder>' cannot be used with option '--out <folder>'",
    ],
    [
      ["--overwrite", "--resume", "runs/demo"],
      "mnist-gan: option '--resume <folder>' cannot be used with option '--overwrite'",
    ],
    [["--resume"], "mnist-gan: option '--resume <folder>' argument missing"],
    [
      ["--resume", ""],
      "mnist-gan: option '--resume <folder>' argument '' is invalid. It must be the name of a folder.",
    ],
    [["--data", ""], "mnist-gan: option '--data <folder>' argument '' is invalid. It must be the name of a folder."],
    [["--out", ""], "mnist-gan: option '--out <folder>' argument '' is invalid. It must be the name of a folder."],
    [["more"], "mnist-gan: too many arguments. Expected 0 arguments but got 1."],
  ])("%j gets one line and exit code 2", async (args, message) => {
    const [output, errors] = [new Recorder(), new Recorder()];
    expect(await runProgram(args, output, errors)).toBe(2);
    expect(errors.lines).toEqual([message]);
    expect(output.text).toBe("");
  });

  it("names the backends that there are", async () => {
    const errors = new Recorder();
    expect(await runProgram(["--backend", "cuda"], new Recorder(), errors)).toBe(2);
    expect(errors.lines).toHaveLength(1);
    expect(errors.text).toMatch(/'cuda' is invalid\. Allowed choices are auto, wasm, .*reference, .*gpu:webasm/);
  });
});

describe("README.md", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

  it("has the table of options that --help has", () => {
    const table = readme
      .split("\n")
      .filter((line) => line.startsWith("| `--"))
      .map((line) => line.replace(/ +/g, " "));
    const expected = describeOptions().map(({ flags, description, defaultValue }) => {
      const [meaning, inWords] = description.split(/ \(default: (.*)\)$/);
      // what can be typed is set as code
      const value = inWords ?? defaultValue;
      const cell = value && (value.startsWith("the ") ? ` ${value} ` : ` \`${value}\` `);
      return `| \`${flags}\` | ${meaning} |${cell || " "}|`;
    });
    expect(table).toEqual(expected);
  });

  it("starts the program with options that there are", () => {
    const commands = readme.match(/^npm start.*$/gm) ?? [];
    expect(commands.length).toBeGreaterThan(1);
    for (const command of commands) {
      const [, args = ""] = command.split(" -- ");
      expect(parseOptions(args.split(" ").filter(Boolean)), command).toMatchObject({ kind: "run" });
    }
  });
});
