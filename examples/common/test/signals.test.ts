// Signals: the first is remembered, one that comes with it changes nothing, a later one ends the process.

import { afterEach, describe, expect, it, vi } from "vitest";
import { SignalWatch } from "../src/run/signals.js";

afterEach(() => {
  vi.useRealTimers();
});

describe("SignalWatch", () => {
  it("remembers the first signal, and exits at one that comes later", () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
    const first = vi.fn();
    const watch = new SignalWatch(first);
    try {
      expect(watch.received).toBeUndefined();
      process.emit("SIGINT", "SIGINT");
      vi.advanceTimersByTime(100);
      process.emit("SIGINT", "SIGINT");
      expect(watch.received).toBe("SIGINT");
      expect(first).toHaveBeenCalledExactlyOnceWith("SIGINT");
      expect(exit).not.toHaveBeenCalled();
      vi.advanceTimersByTime(2000);
      process.emit("SIGTERM", "SIGTERM");
      expect(exit).toHaveBeenCalledExactlyOnceWith(143);
      expect(watch.received).toBe("SIGINT");
    } finally {
      watch.stop();
    }
  });

  it("gives the signals back", () => {
    const before = process.listenerCount("SIGINT");
    const watch = new SignalWatch(() => {});
    expect(process.listenerCount("SIGINT")).toBe(before + 1);
    watch.stop();
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});
