import { describe, expect, it, vi } from "vitest";
import { Patience } from "./patience.js";

describe("Patience", () => {
  it("adds up the time between looks, and begins anew", () => {
    const clock = vi.spyOn(performance, "now");
    const patience = new Patience();
    const lookAt = (now: number) => {
      clock.mockReturnValue(now);
      return patience.waited(true);
    };
    expect([lookAt(1000), lookAt(1003), lookAt(1010)]).toEqual([0, 3, 10]);
    patience.renew();
    expect([lookAt(1020), lookAt(1021)]).toEqual([0, 1]);
  });

  it("does not count an hour for which the process was stopped", () => {
    const clock = vi.spyOn(performance, "now").mockReturnValue(1000);
    const patience = new Patience();
    patience.waited(true);
    clock.mockReturnValue(1000 + 3_600_000);
    expect(patience.waited(true)).toBe(5000);
  });
});
