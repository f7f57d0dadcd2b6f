// Which library the blas backend takes, what it says of it, and what it says where there is none or no koffi. The
// libraries are played; blas.test.ts has those of the machine.

import { describe, expect, it, vi } from "vitest";
import { createBlasBackend } from "../../src/backends/blas/index.js";
import { loadKoffi } from "../../src/backends/blas/koffi.js";
import { openBlas } from "../../src/backends/blas/library.js";
import { BackendError } from "../../src/errors.js";
import { cblas_sgemm, koffiWith } from "./blas-support.js";
import { runProgram } from "./gpu-support.js";

const LINUX = { platform: "linux", env: {} };

const openBlasLibrary = (configuration: string) => ({
  cblas_sgemm,
  openblas_get_config: () => configuration,
  openblas_get_corename: () => "Haswell",
});
const mklLibrary = {
  cblas_sgemm,
  MKL_Get_Version_String(text: Uint8Array, length: number) {
    const words = "Intel(R) oneAPI Math Kernel Library Version 2024.1-Product Build 20240215 for Intel(R) 64\0";
    text.set(new TextEncoder().encode(words).subarray(0, length));
  },
};
const blisLibrary = { cblas_sgemm, bli_info_get_version_str: () => "0.9.0" };

describe("the library that is taken", () => {
  it("is OpenBLAS before MKL before BLIS, whichever is there", () => {
    const libraries = {
      "libblis.so.4": blisLibrary,
      "libmkl_rt.so.2": mklLibrary,
      "libopenblas.so.0": openBlasLibrary("OpenBLAS 0.3.21 DYNAMIC_ARCH NO_AFFINITY Haswell MAX_THREADS=64"),
    };
    const description = (names: readonly (keyof typeof libraries)[]) =>
      openBlas(koffiWith(Object.fromEntries(names.map((name) => [name, libraries[name]]))), LINUX).description;
    expect(description(["libblis.so.4", "libmkl_rt.so.2", "libopenblas.so.0"])).toBe("OpenBLAS 0.3.21 (Haswell)");
    expect(description(["libblis.so.4", "libmkl_rt.so.2"])).toBe("MKL 2024.1-Product");
    expect(description(["libblis.so.4"])).toBe("BLIS 0.9.0");
  });

  it("is Accelerate on macOS, and a DLL on Windows", () => {
    const accelerate = "/System/Library/Frameworks/Accelerate.framework/Accelerate";
    const mac = openBlas(koffiWith({ [accelerate]: { cblas_sgemm } }), { platform: "darwin", env: {} });
    expect([mac.description, mac.setThreads]).toEqual(["Accelerate", undefined]);
    const koffi = koffiWith({ "libopenblas.dll": openBlasLibrary("OpenBLAS 0.3.28 Zen") });
    expect(openBlas(koffi, { platform: "win32", env: {} }).description).toBe("OpenBLAS 0.3.28 (Haswell)");
  });

  it("is the one that ADJOINT_BLAS names, of whatever family, and no other", () => {
    const koffi = koffiWith({ "/opt/mine.so": { cblas_sgemm }, "libblis.so.4": blisLibrary });
    const opened = (name: string) => openBlas(koffi, { platform: "linux", env: { ADJOINT_BLAS: name } }).description;
    expect(opened("/opt/mine.so")).toBe("/opt/mine.so");
    expect(() => opened("/opt/other.so")).toThrow(
      new BackendError("blas", "ADJOINT_BLAS names /opt/other.so: cannot open shared object file"),
    );
  });

  it.each([
    ["libopenblas.so.0", openBlasLibrary("OpenBLAS 0.3.21"), "openblas_set_num_threads"],
    ["libmkl_rt.so.2", mklLibrary, "MKL_Set_Num_Threads"],
    ["libblis.so.4", blisLibrary, "bli_thread_set_num_threads"],
  ])("has its own call for the number of threads: %s", (name, library, call) => {
    const set = vi.fn();
    openBlas(koffiWith({ [name]: { ...library, [call]: set } }), LINUX).setThreads?.(3);
    expect(set.mock.calls).toEqual([[3]]);
    expect(openBlas(koffiWith({ [name]: library }), LINUX).setThreads).toBeUndefined();
  });

  it("is not one that is slow, wrong, lacks the function or takes other integers", () => {
    const deafToFlags = (...[layout, , , ...rest]: Parameters<typeof cblas_sgemm>) => {
      cblas_sgemm(layout, 111, 111, ...rest);
    };
    // as kernels are that were built for another processor: right but for the last columns of a large product
    const wrongAtItsEdge = (...values: Parameters<typeof cblas_sgemm>) => {
      cblas_sgemm(...values);
      const [, , , m, n, , , , , , , , c] = values;
      if (n > 64) c[m * n - 1] = 0;
    };
    const koffi = koffiWith({
      "libopenblas.so.0": openBlasLibrary("OpenBLAS 0.3.21 USE64BITINT DYNAMIC_ARCH"),
      "libmkl_rt.so": { ...mklLibrary, cblas_sgemm: deafToFlags },
      "libopenblasp.so.0": { ...openBlasLibrary("OpenBLAS 0.3.21"), cblas_sgemm: wrongAtItsEdge },
      "libblis.so": {},
      "libblas.so.3": { cblas_sgemm },
    });
    const lines = problemOf(() => openBlas(koffi, LINUX)).split("\n  ");
    expect(lines).toEqual(
      expect.arrayContaining([
        "libopenblas.so.0: it was built for 64-bit sizes, and is called with 32-bit ones",
        "libmkl_rt.so: it computes wrong products",
        "libopenblasp.so.0: it computes wrong products",
        "libblis.so: Cannot find function 'cblas_sgemm' in shared library",
        "libblas.so.3: it is none of OpenBLAS, MKL and BLIS, and the reference BLAS is slower than the wasm backend",
        "libmkl_rt.so.2: cannot open shared object file",
      ]),
    );
  });

  it.each([
    ["linux", "apt-get install libopenblas0-pthread (Debian, Ubuntu) or dnf install openblas-threads (Fedora)"],
    ["freebsd", "apt-get install libopenblas0-pthread (Debian, Ubuntu) or dnf install openblas-threads (Fedora)"],
    ["darwin", "macOS has had one since 10.3; brew install openblas is another"],
    ["win32", "put the folder of OpenBLAS's libopenblas.dll on the PATH"],
  ])("is missed in words that help, on %s", (platform, cure) => {
    const [first] = problemOf(() => openBlas(koffiWith({}), { platform, env: {} })).split("\n");
    expect(first).toBe(`blas: no fast BLAS was found; ${cure}, or name a library that has cblas_sgemm by ADJOINT_BLAS`);
  });
});

describe("an OpenBLAS that does not know the processor", () => {
  const avx2 = "fpu avx avx2 fma";
  const avx512 = `${avx2} avx512f avx512dq avx512cd avx512bw avx512vl`;
  /** What is opened where /proc/cpuinfo has these flags, by the core that the library would take by itself. */
  const open = (
    own: string,
    flags: string | undefined,
    env: Record<string, string | undefined> = {},
    known = "any",
  ) => {
    const system = {
      platform: "linux",
      env,
      getBuiltinModule: () => ({
        readFileSync(path: string) {
          if (flags === undefined || path !== "/proc/cpuinfo") throw new Error("no such file");
          return `processor\t: 0\nflags\t\t: ${flags}\nbogomips\t: 4200\n\nprocessor\t: 1\nflags\t\t: ${flags}\n`;
        },
      }),
    };
    let opened = 0;
    const library = () => {
      opened++;
      const { OPENBLAS_CORETYPE: asked } = env;
      const core = asked && (known === "any" || asked === known) ? asked : own;
      return { ...openBlasLibrary("OpenBLAS 0.3.21 DYNAMIC_ARCH"), openblas_get_corename: () => core };
    };
    const { description } = openBlas(koffiWith({ "libopenblas.so.0": library }), system);
    return { description, opened, env };
  };

  it("is told to take the kernels for AVX-512, or for AVX2, and the environment is left as it was", () => {
    expect(open("Prescott", avx512)).toEqual({ description: "OpenBLAS 0.3.21 (SkylakeX)", opened: 2, env: {} });
    expect(open("Nehalem", avx2)).toEqual({ description: "OpenBLAS 0.3.21 (Haswell)", opened: 2, env: {} });
  });

  it("keeps its own where they fit, where the processor has no better ones, and where that cannot be told", () => {
    expect(open("Zen", avx512)).toMatchObject({ description: "OpenBLAS 0.3.21 (Zen)", opened: 1 });
    expect(open("Prescott", "fpu sse sse2 avx")).toMatchObject({
      description: "OpenBLAS 0.3.21 (Prescott)",
      opened: 1,
    });
    expect(open("Prescott", undefined)).toMatchObject({ description: "OpenBLAS 0.3.21 (Prescott)", opened: 1 });
  });

  it("keeps those that somebody chose by OPENBLAS_CORETYPE", () => {
    const env = { OPENBLAS_CORETYPE: "Prescott" };
    expect(open("Zen", avx512, env)).toEqual({ description: "OpenBLAS 0.3.21 (Prescott)", opened: 1, env });
  });

  it("is taken as it is, and so described, where it was built without the better ones", () => {
    const opened = open("Prescott", avx512, {}, "Haswell");
    expect(opened).toEqual({ description: "OpenBLAS 0.3.21 (Prescott)", opened: 2, env: {} });
  });
});

describe("koffi", () => {
  it("is said to be missing where it is not installed", async () => {
    const program = `
      import { createBlasBackend } from "./backends/blas/index.js";
      await createBlasBackend().catch((error) => console.log(error.name, error.message));`;
    const { stdout } = await runProgram(program, { reachable: false });
    expect(stdout).toBe("BackendError blas: koffi is not installed; npm install koffi\n");
  });

  it("is said not to load where it has no binary for the system, and not to be koffi where it is not", async () => {
    const broken = loadKoffi(() => Promise.reject(new Error("Cannot find the native Koffi module")));
    await expect(broken).rejects.toThrow(
      "blas: koffi does not load (Error: Cannot find the native Koffi module); npm install koffi",
    );
    await expect(broken).rejects.toBeInstanceOf(BackendError);
    await expect(loadKoffi(async () => ({ default: {} }))).rejects.toThrow("blas: this is not koffi");
  });

  it("is not looked for in a browser", async () => {
    vi.stubGlobal("process", undefined);
    try {
      const started = createBlasBackend();
      await expect(started).rejects.toThrow("blas: a system's BLAS can be called from Node only; choose wasm");
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

function problemOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    if (error instanceof BackendError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}
