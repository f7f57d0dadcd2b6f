// The program as a process: exit codes, standard error, and Ctrl-C in the middle of a run.

import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder, writeSmallMnist } from "./support.js";

const EXAMPLE = fileURLToPath(new URL("..", import.meta.url));
/** Below node_modules, so that the program finds what it imports, and git ignores it. */
const PROGRAM = join(EXAMPLE, "node_modules", ".adjoint-test", "main.mjs");

beforeAll(async () => {
  const manifest: { dependencies: Record<string, string> } = JSON.parse(
    readFileSync(join(EXAMPLE, "package.json"), "utf8"),
  );
  await build({
    entryPoints: [join(EXAMPLE, "src", "main.ts")],
    outdir: dirname(PROGRAM),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    conditions: ["@adjoint/source"],
    external: Object.keys(manifest.dependencies).filter((name) => name !== "@adjoint/core"),
    logLevel: "error",
  });
});

interface Run {
  readonly child: ChildProcess;
  /** Standard output and error, as far as they were written. */
  readonly text: { output: string; errors: string };
  /** The exit code; null where a signal killed the process. */
  readonly ended: Promise<number | null>;
}

function start(args: readonly string[]): Run {
  const child = spawn(process.execPath, [PROGRAM, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const text = { output: "", errors: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text.output += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text.errors += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, text, ended };
}

/** A run that would take hours, and its folder. */
function startLongRun(): Run & { folder: string } {
  const folder = join(temporaryFolder(), "run");
  const size = ["--iterations", "1000000", "--sample-interval", "2", "--history-interval", "1", "--batch-size", "2"];
  const data = writeSmallMnist(join(folder, "..", "data"));
  return { folder, ...start(["--backend", "reference", ...size, "--data", data, "--out", folder]) };
}

async function untilPrinted({ text, ended }: Run, wanted: RegExp): Promise<void> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!wanted.test(text.output)) {
    if (over) throw new Error(`ended without printing ${wanted}:\n${text.output}${text.errors}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("the process", () => {
  it("exits with 2 and one line for a wrong option", async () => {
    const { ended, text } = start(["--colour", "red"]);
    expect(await ended).toBe(2);
    expect(text).toEqual({ output: "", errors: "mnist-gan: unknown option '--colour'\n" });
  });

  it("exits with 0 and prints the options for --help", async () => {
    const { ended, text } = start(["--help"]);
    expect(await ended).toBe(0);
    expect(text.output).toMatch(/^Usage: mnist-gan \[options\]\n/);
    expect(text.errors).toBe("");
  });

  it("exits with 1 and one line for a folder that is not there", async () => {
    const { ended, text } = start(["--data", "no/such/folder"]);
    expect(await ended).toBe(1);
    expect(text).toEqual({ output: "", errors: "mnist-gan: loadMnist: there is no folder no/such/folder\n" });
  });

  it("goes on training where nobody reads what it prints", async () => {
    const folder = join(temporaryFolder(), "run");
    const data = writeSmallMnist(join(folder, "..", "data"));
    const size = ["--iterations", "4", "--sample-interval", "1", "--batch-size", "2"];
    const { child, ended, text } = start(["--backend", "reference", ...size, "--data", data, "--out", folder]);
    child.stdout?.destroy();
    expect(await ended).toBe(0);
    expect(text.errors).toBe("");
    expect(JSON.parse(readFileSync(join(folder, "summary.json"), "utf8"))).toMatchObject({ status: "finished" });
  });
});

describe("a signal", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s ends the run in order, with exit code %d and a whole folder", async (signal, code) => {
    const run = startLongRun();
    await untilPrinted(run, /^4 \[D loss/m);
    run.child.kill(signal);
    expect(await run.ended).toBe(code);
    expect(run.text.errors).toBe("");
    const summary = JSON.parse(readFileSync(join(run.folder, "summary.json"), "utf8"));
    const done: number = summary.iterationsDone;
    expect(summary).toMatchObject({ status: "interrupted", signal, iterationsAsked: 1_000_000 });
    expect(run.text.output).toContain(`${signal}: finishing this iteration and writing what was done`);
    expect(run.text.output).toMatch(new RegExp(`Stopped by ${signal} after ${done.toLocaleString("en-US")} of`));
    const rows = readFileSync(join(run.folder, "history.csv"), "utf8").trimEnd().split("\n");
    expect(rows).toHaveLength(done + 1);
    const files = readdirSync(run.folder, { recursive: true, encoding: "utf8" });
    expect(files).toContain(`samples/${String(done).padStart(6, "0")}.png`);
    expect(files).toEqual(
      expect.arrayContaining(["gallery.png", "history.csv", "index.html", "losses.svg", "samples", "summary.json"]),
    );
    expect(files.filter((name) => name.includes("partial"))).toEqual([]);
    expect(readFileSync(join(run.folder, "index.html"), "utf8")).toContain(`Stopped by ${signal} after`);
  });
});
