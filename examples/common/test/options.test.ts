// The command line: what is understood, what is refused in one line, and what a program may have of its own.

import { describe, expect, it } from "vitest";
import type { Program } from "../src/index.js";
import { describeOptions, type Invocation, parseOptions as parse, positiveNumberOption } from "../src/options.js";
import { type RunProgress, resumedOptions } from "../src/resume.js";
import { runProgram } from "../src/run-program.js";
import { smallProgram } from "./small-program.js";
import { Recorder } from "./support.js";

function parseOptions(args: readonly string[]): Invocation {
  return parse(smallProgram, args);
}

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
        measures: true,
        overwrite: false,
      },
      given: [],
    });
  });

  it("reads every option", () => {
    const args =
      "--iterations 7 --batch-size 2 --learning-rate 2e-4 --seed 0 --backend gpu:webasm --sample-interval=3 " +
      "--history-interval 1 --checkpoint-interval 4 --on-non-finite skip --layout pytorch --data idx --out runs/demo " +
      "--overwrite --no-measures";
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
        measures: false,
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
    for (const { flags, description, defaultValue } of describeOptions(smallProgram)) {
      expect(text).toContain(`${flags} ${description}`);
      if (defaultValue) expect(text).toMatch(new RegExp(`default: "?${defaultValue.replace(".", "[.]")}"?\\)`));
    }
    expect(describeOptions(smallProgram).map(({ flags }) => flags.split(/[ ,]/)[0])).toEqual(
      "--iterations --batch-size --learning-rate --seed --backend --threads --wide --sample-interval --history-interval --checkpoint-interval --on-non-finite --layout --no-measures --data --out --overwrite --resume".split(
        " ",
      ),
    );
  });
});

describe("an implied option", () => {
  const program = {
    ...smallProgram,
    impliedOptions: ({ seed }: { seed: number }) => ({ learningRate: seed / 10 }),
  };

  it("follows what was asked for, does not count as typed, and gives way to what was", () => {
    expect(parse(program, ["--seed", "5"])).toMatchObject({ options: { learningRate: 0.5 }, given: ["seed"] });
    expect(parse(program, ["--seed", "5", "--learning-rate", "0.25"])).toMatchObject({
      options: { learningRate: 0.25 },
    });
  });
});

describe("the options of a run that goes on", () => {
  it("are its own, with the default of one that was unknown when it began", () => {
    const asked = parse(smallProgram, ["--resume", "old", "--threads", "3"]);
    if (asked.kind !== "run") throw new Error("it is a run");
    const { measures: _, ...known } = { ...asked.options, seed: 7 };
    const { threads: __, resume: ___, ...saved } = known;
    const former = { options: saved, backend: "wasm", iteration: 1 } as RunProgress;
    expect(resumedOptions(asked, former, "old")).toEqual({ ...saved, threads: 3, measures: true, out: "old" });
  });

  it("have wide vectors where those are asked for now, and not for having had them", () => {
    const [asked, again] = [parse(smallProgram, ["--wide"]), parse(smallProgram, ["--resume", "old"])];
    if (asked.kind !== "run" || again.kind !== "run") throw new Error("both are runs");
    const former = { options: asked.options, backend: "wasm", iteration: 1 } as RunProgress;
    expect(resumedOptions(again, former, "old").wide).toBeUndefined();
    expect(resumedOptions(asked, former, "old").wide).toBe(true);
  });
});

describe("a wrong option", () => {
  it.each([
    [["--iteration", "5"], "small: unknown option '--iteration' (Did you mean --iterations?)"],
    [
      ["--iterations", "many"],
      "small: option '--iterations <count>' argument 'many' is invalid. It must be a whole number ≥ 1.",
    ],
    [
      ["--iterations", "-5"],
      "small: option '--iterations <count>' argument '-5' is invalid. It must be a whole number ≥ 1.",
    ],
    [
      ["--iterations", "1.5"],
      "small: option '--iterations <count>' argument '1.5' is invalid. It must be a whole number ≥ 1.",
    ],
    [
      ["--iterations", "99999999999999999"],
      "small: option '--iterations <count>' argument '99999999999999999' is invalid. It must be a whole number ≥ 1.",
    ],
    [["--iterations"], "small: option '--iterations <count>' argument missing"],
    [
      ["--batch-size", "0"],
      "small: option '--batch-size <count>' argument '0' is invalid. It must be a whole number from 1 to 65536.",
    ],
    [["--seed", ""], "small: option '--seed <number>' argument '' is invalid. It must be a whole number ≥ 0."],
    [
      ["--learning-rate", "0"],
      "small: option '--learning-rate <rate>' argument '0' is invalid. It must be a number > 0.",
    ],
    [
      ["--learning-rate", "1e999"],
      "small: option '--learning-rate <rate>' argument '1e999' is invalid. It must be a number > 0.",
    ],
    [
      ["--checkpoint-interval", "0"],
      "small: option '--checkpoint-interval <count>' argument '0' is invalid. It must be a whole number ≥ 1.",
    ],
    [
      ["--on-non-finite", "panic"],
      "small: option '--on-non-finite <what>' argument 'panic' is invalid. Allowed choices are stop, skip, ignore.",
    ],
    [
      ["--resume", "runs/demo", "--out", "runs/other"],
      "small: option '--resume <folder>' cannot be used with option '--out <folder>'",
    ],
    [
      ["--overwrite", "--resume", "runs/demo"],
      "small: option '--resume <folder>' cannot be used with option '--overwrite'",
    ],
    [["--resume"], "small: option '--resume <folder>' argument missing"],
    [["--resume", ""], "small: option '--resume <folder>' argument '' is invalid. It must be the name of a folder."],
    [["--data", ""], "small: option '--data <folder>' argument '' is invalid. It must be the name of a folder."],
    [["--out", ""], "small: option '--out <folder>' argument '' is invalid. It must be the name of a folder."],
    [["more"], "small: too many arguments. Expected 0 arguments but got 1."],
  ])("%j gets one line and exit code 2", async (args, message) => {
    const [output, errors] = [new Recorder(), new Recorder()];
    expect(await runProgram(smallProgram, args, output, errors)).toBe(2);
    expect(errors.lines).toEqual([message]);
    expect(output.text).toBe("");
  });

  it("names the backends that there are", async () => {
    const errors = new Recorder();
    expect(await runProgram(smallProgram, ["--backend", "cuda"], new Recorder(), errors)).toBe(2);
    expect(errors.lines).toHaveLength(1);
    expect(errors.text).toMatch(/'cuda' is invalid\. Allowed choices are auto, wasm, .*reference, .*gpu:webasm/);
  });
});

describe("a program with options of its own that counts epochs", () => {
  const program: Program<"loss", { readonly noise?: number }> = {
    ...smallProgram,
    defaults: { length: { epochs: 20 }, batchSize: 100, learningRate: 0.01 },
    ownOptions: [positiveNumberOption("--noise <share>", "how much is added").default(0.5)],
  };

  it("has them, and intervals whose default is an epoch", () => {
    expect(parse(program, ["--epochs", "3"])).toEqual({
      kind: "run",
      options: {
        epochs: 3,
        batchSize: 100,
        learningRate: 0.01,
        seed: 1,
        noise: 0.5,
        backend: "wasm",
        historyInterval: 10,
        onNonFinite: "stop",
        layout: "adjoint",
        measures: true,
        overwrite: false,
      },
      given: ["epochs"],
    });
    const described = describeOptions(program).map(({ flags, description }) => [flags, description] as const);
    expect(new Map(described).get("--sample-interval <count>")).toMatch(/ \(default: an epoch\)$/);
    expect(new Map(described).get("--checkpoint-interval <count>")).toMatch(/ \(default: an epoch\)$/);
  });

  it("refuses what belongs to others, and what its own do not take", () => {
    expect(parse(program, ["--iterations", "3"])).toMatchObject({ kind: "wrong" });
    expect(parse(smallProgram, ["--noise", "1"])).toMatchObject({ kind: "wrong" });
    expect(parse(program, ["--noise", "0"])).toMatchObject({ message: expect.stringContaining("a number > 0") });
  });
});
