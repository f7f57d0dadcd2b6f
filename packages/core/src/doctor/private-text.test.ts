import { describe, expect, it } from "vitest";
import { withoutPaths } from "./private-text.js";

describe("withoutPaths", () => {
  it.each([
    ["/home/alice/project/index.js:3:7 fails", "<path> fails"],
    ["file:///home/alice/a.mjs fails", "<path> fails"],
    ["C:\\Users\\alice\\a.js fails", "<path> fails"],
    ["ADJOINT_BLAS names ~/alice/lib/libopenblas.so.0: no", "ADJOINT_BLAS names libopenblas.so.0: no"],
    ["ADJOINT_BLAS names ../alice/secret: no", "ADJOINT_BLAS names <path>: no"],
    ["'/home/alice/x' or (/tmp/y)", "'<path>' or (<path>)"],
    ["imported from /home/Al Ice/my work/a.js", "imported from <path>"],
  ])("takes paths out of %s", (text, expected) => {
    expect(withoutPaths(text, ["/home/Al Ice", "/home/Al Ice/my work"])).toBe(expected);
  });

  it.each([
    "npm install gpu.js@2.24.1, and on a machine without a display start Node by xvfb-run",
    "blas: no fast BLAS was found; apt-get install libopenblas0-pthread (Debian, Ubuntu) or dnf install openblas-threads",
    "libblas.so.3: it is none of OpenBLAS, MKL and BLIS",
    "matmul: inner sizes differ: [32,100] × [128,256]; km/h, 3/4 and a / b",
  ])("leaves %s as it is", (text) => {
    expect(withoutPaths(text, ["/"])).toBe(text);
  });
});
