// Runs programs of their own, since a SIGINT is for a whole process.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "vitest";

const MODULE = new URL("./interrupts.mjs", import.meta.url).href;

/** Runs a program that folds interrupts, sends it `count` of them when it is ready, and tells how it ended. */
async function interrupt(program: string, count: number): Promise<{ code: number | null; output: string }> {
  const source = `import { foldInterrupts } from ${JSON.stringify(MODULE)}; foldInterrupts(); ${program}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", source], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output === "") for (let sent = 0; sent < count; sent++) child.kill("SIGINT");
    output += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

const TIDIES_UP = `
  const waiting = setInterval(() => {}, 1000);
  process.once("SIGINT", () => {
    process.stdout.write("interrupted ");
    setTimeout(() => { process.stdout.write("tidied"); process.exitCode = 7; clearInterval(waiting); }, 200);
  });
  process.stdout.write("ready ");
`;

describe.skipIf(process.platform === "win32")("foldInterrupts", () => {
  it("lets a program tidy up that gets the same Ctrl-C twice", async () => {
    expect(await interrupt(TIDIES_UP, 2)).toEqual({ code: 7, output: "ready interrupted tidied" });
  });

  it("lets one interrupt through to every listener", async () => {
    expect(await interrupt(TIDIES_UP, 1)).toEqual({ code: 7, output: "ready interrupted tidied" });
  });

  it("ends a program that does not listen, as Node would", async () => {
    const program = `setInterval(() => {}, 1000); process.stdout.write("ready");`;
    expect(await interrupt(program, 1)).toEqual({ code: 130, output: "ready" });
  });
});
