// The command `adjoint`, as a function: what it prints where, and what it ends with.

import type { Diagnosis } from "@adjoint/core/doctor";
import { describe, expect, it } from "vitest";
import { runCommand } from "../../src/doctor/node/command.js";
import { inaccurate, sound } from "./broken-backends.js";

async function run(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  let [out, error] = ["", ""];
  const code = await runCommand(args, {
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    build: new URL("../../dist/", import.meta.url),
    candidates: [
      { name: "sound", start: sound },
      { name: "broken", start: inaccurate },
    ],
  });
  return { code, out, error };
}

describe("adjoint doctor", () => {
  it("prints a text, tells of its progress beside, and ends with 0 where all is right", async () => {
    const { code, out, error } = await run("doctor", "--quick", "--only", "sound");
    expect(out).toMatch(/^adjoint \d+\.\d+\.\d+\nNode [\s\S]+\nRecommended: useBackend\("sound"\)\n/);
    expect([code, error]).toEqual([0, "examining sound …\n"]);
  });

  it("ends with 1 where something that is there computes wrongly", async () => {
    const { code, out } = await run("doctor", "--quick", "--only", "sound, broken");
    expect(code).toBe(1);
    expect(out).toContain("WRONG: broken");
  });

  it("prints JSON, and nothing else, where it is asked to", async () => {
    const { code, out } = await run("doctor", "--quick", "--json", "--only", "broken");
    const { healthy, backends } = JSON.parse(out) as Diagnosis;
    expect([code, healthy, backends.map(({ name }) => name)]).toEqual([1, false, ["broken"]]);
  });

  it.each([
    [["cure"]],
    [["doctor", "--fast"]],
    [["doctor", "--port", "x"]],
    [["doctor", "--only"]],
    [["doctor", "--only", "tpu"]],
    [["doctor", "--browser", "--only", "tpu"]],
    [["doctor", "--port", "8080"]],
  ])("does not understand %j, and ends with 2", async (args) => {
    const { code, out, error } = await run(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(error).toMatch(/^adjoint: /);
  });

  it.each([[[]], [["--help"]], [["doctor", "--help"]]])("explains itself with %j", async (args) => {
    const { code, out } = await run(...args);
    expect([code, out.split("\n", 1)[0]]).toEqual([0, "Usage: adjoint doctor [options]"]);
  });
});
