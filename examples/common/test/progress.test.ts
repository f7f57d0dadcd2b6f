// Progress: plain lines where the output is no terminal, a bar that lets lines through where it is one.

import { describe, expect, it, vi } from "vitest";
import { createProgress, formatDuration } from "../src/run/progress.js";
import { evenlyChosen } from "../src/run/run-report.js";
import { milliseconds } from "../src/run/run-texts.js";
import { Recorder } from "./support.js";

describe("createProgress", () => {
  it("writes lines, and a sign of life after half a minute without one, where the output is no terminal", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const output = new Recorder();
      const progress = createProgress(output, 1000);
      for (let i = 1; i <= 80; i++) {
        vi.advanceTimersByTime(1000);
        progress.update(2 * i);
        if (i === 20) progress.line("a line");
      }
      progress.stop();
      expect(output.lines).toEqual(["a line", "102/1000 · 2.00 it/s · 7 min 29 s left"]);
    } finally {
      vi.useRealTimers();
    }
  });

  it("draws a bar with speed and time left on a terminal, and lines above it that stay", async () => {
    vi.useFakeTimers();
    try {
      const output = new Recorder({ isTTY: true });
      const progress = createProgress(output, 100);
      vi.advanceTimersByTime(1000);
      progress.update(50);
      progress.line("first");
      vi.advanceTimersByTime(200);
      progress.line("second");
      progress.stop();
      progress.line("after the end");
      expect(output.text).toContain("first\n");
      expect(output.text).toContain("second\n");
      expect(output.text).toMatch(/█+░+ 50\/100 · 50\.0 it\/s · 1 s left/);
      expect(output.text.endsWith("\nafter the end\n")).toBe(true);
      const length = output.text.length;
      vi.advanceTimersByTime(5000);
      expect(output.text.length).toBe(length);
    } finally {
      vi.useRealTimers();
    }
  });

  it("draws no bar on a terminal that cannot", () => {
    vi.stubEnv("TERM", "dumb");
    try {
      const output = new Recorder({ isTTY: true });
      const progress = createProgress(output, 100);
      progress.update(50);
      progress.line("a line");
      progress.stop();
      expect(output.text).toBe("a line\n");
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe("texts", () => {
  it.each([
    [0.4, "0 s"],
    [59.4, "59 s"],
    [59.6, "1 min 00 s"],
    [185, "3 min 05 s"],
    [3599.7, "1 h 00 min"],
    [7384, "2 h 03 min"],
  ])("writes %d seconds as %s", (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });

  it.each([
    [0.9123, "0.912 ms"],
    [18.44, "18.4 ms"],
    [428.2, "428 ms"],
    [1234.5, "1,235 ms"],
  ])("writes %d milliseconds as %s", (value, text) => {
    expect(milliseconds(value)).toBe(text);
  });
});

describe("evenlyChosen", () => {
  it("keeps all where they are few, else the first, the last and some between", () => {
    expect(evenlyChosen([1, 2, 3], 3)).toEqual([1, 2, 3]);
    const many = Array.from({ length: 1001 }, (_, i) => i);
    const chosen = evenlyChosen(many, 24);
    expect(chosen).toHaveLength(24);
    expect(chosen[0]).toBe(0);
    expect(chosen.at(-1)).toBe(1000);
    const steps = chosen.slice(1).map((value, i) => value - (chosen[i] ?? 0));
    expect(Math.max(...steps) - Math.min(...steps)).toBeLessThanOrEqual(1);
    expect(evenlyChosen([1, 2, 3, 4, 5], 3)).toEqual([1, 3, 5]);
  });
});
