import { describe, expect, it } from "vitest";
import { commandOf } from "../src/options.js";

describe("the command that results name", () => {
  it("has all arguments but the folder that results go to", () => {
    expect(commandOf(["--only", "gan", "--out", "/home/me/results", "--rounds", "7"])).toBe(
      "npm run bench -- --only gan --rounds 7",
    );
    expect(commandOf(["--out=/home/me", "--memory"])).toBe("npm run bench -- --memory");
  });

  it("needs no arguments", () => {
    expect(commandOf([])).toBe("npm run bench");
    expect(commandOf(["--out", "here"])).toBe("npm run bench");
  });
});
