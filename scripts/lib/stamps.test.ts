// Fingerprints decide whether `npm start` installs and builds again.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fingerprint } from "./stamps.mjs";
import { ROOT } from "./workspace.mjs";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "adjoint-stamps-"));
  mkdirSync(join(folder, "src"));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The fingerprint of the folder after `content` was written to `file` in it, or after nothing was. */
function fingerprintAfter(file?: string, content = ""): string {
  if (file) writeFileSync(join(folder, file), content);
  return fingerprint([relative(ROOT, folder)]);
}

describe("fingerprint", () => {
  it("stays while nothing changes, and does not look at times", () => {
    const first = fingerprintAfter("src/a.ts", "1");
    expect(fingerprintAfter()).toBe(first);
    expect(fingerprintAfter("src/a.ts", "1")).toBe(first);
  });

  it("changes with a content, a name and a file that moves its content to the next one", () => {
    const seen = [
      fingerprintAfter("src/a.ts", "1"),
      fingerprintAfter("src/a.ts", "2"),
      fingerprintAfter("src/b.ts", ""),
      fingerprintAfter("src/c.ts", ""),
    ];
    seen.push(fingerprintAfter("src/b.ts", "1"));
    fingerprintAfter("src/b.ts", "");
    seen.push(fingerprintAfter("src/c.ts", "1"));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("does not count tests", () => {
    const first = fingerprintAfter();
    expect(fingerprintAfter("src/a.test.ts", "1")).toBe(first);
  });

  it("counts words and takes a missing file as absent", () => {
    expect(fingerprint([], ["linux"])).not.toBe(fingerprint([], ["darwin"]));
    expect(fingerprint(["no/such/file"])).toBe(fingerprint([]));
  });
});
