import { describe, expect, it } from "vitest";
import { tableOf } from "./table.mjs";
import { TOOLS } from "./tools.mjs";

const [node, other] = TOOLS;
if (!node || !other) throw new Error("there are no tools");
const expected = { threads: 2, loss: 1.5, mean: 0.25 };
const trialOf = (tool: typeof node, outcomes: object, more: object = {}) => ({ tool, outcomes, warnings: "", ...more });
const first = trialOf(node, { program: expected });

describe("the table of npm run compatibility", () => {
  it("counts a place as passed for the numbers of Node alone, on any number of threads", () => {
    const { text, failures } = tableOf([first, trialOf(other, { page: { ...expected, threads: 1 } })], "156");
    expect(text).toContain(`| ${other.name} ${Object.values(other.packages)[0]} | – | – | 1 thread | – | – | – |`);
    expect(failures).toBe(0);
    const wrong = tableOf([first, trialOf(other, { page: { ...expected, mean: 0.2500001 } })], "156");
    expect([wrong.text.includes("other numbers than Node's"), wrong.failures]).toEqual([true, 1]);
  });

  it("has errors, warnings and builds that failed below it, and counts them", () => {
    const failed = trialOf(other, {}, { failure: "no\nmodule" });
    const warned = trialOf(other, { worker: { error: "it ended" } }, { warnings: "can't resolve koffi" });
    const { text, failures } = tableOf([first, failed, warned], undefined);
    expect(text).toContain(`- ${other.name}: no module`);
    expect(text).toContain(`- ${other.name}, web worker: it ended`);
    expect(text).toContain(`- ${other.name}: the build warns: can't resolve koffi`);
    expect(failures).toBe(3);
  });

  it("says what was not run, and never that it passed", () => {
    const { text, failures } = tableOf([first, trialOf(other, {}, { notRun: "offline" })], "156");
    expect(text).toContain("| not run | not run | not run | not run | not run | not run |");
    expect(text).toContain(`- ${other.name}: not run: offline`);
    expect(failures).toBe(0);
  });
});
