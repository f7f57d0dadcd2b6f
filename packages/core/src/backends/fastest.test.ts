import { beforeEach, describe, expect, it, vi } from "vitest";
import { BackendError } from "../errors.js";
import type { Backend, BackendBuffer, MatmulSpec } from "./backend.js";
import { chooseAmong, type Source, takeFastest } from "./fastest.js";
import { ReferenceBackend } from "./reference/index.js";

/** What the clock says: only products let time pass, so that a busy machine changes nothing. */
let now = 0;
beforeEach(() => {
  vi.spyOn(performance, "now").mockImplementation(() => now);
});

/** A backend whose products take a known time, and are all zeros. */
class Paced extends ReferenceBackend {
  override readonly name: string;
  readonly #milliseconds: number;

  constructor(name: string, milliseconds: number) {
    super();
    this.name = name;
    this.#milliseconds = milliseconds;
  }

  override matmul(_a: BackendBuffer, _b: BackendBuffer, { m, n }: MatmulSpec) {
    now += this.#milliseconds;
    return this.fill("float32", m * n, 0);
  }
}

class Failing extends Paced {
  override reduce(): never {
    throw new RangeError("of its own");
  }
}

function sourceOf(fresh: readonly Backend[], used: readonly Backend[] = []): Source<string> {
  return {
    running: (name) => used.find((backend) => backend.name === name),
    async create(name) {
      const found = fresh.find((backend) => backend.name === name);
      if (!found) throw new BackendError(name, "is not here; get it\nwith details");
      return found;
    },
  };
}

describe("chooseAmong", () => {
  it("takes the first unless another is 1.2 times as fast, and says the numbers", () => {
    const first = { name: "first", milliseconds: 12 };
    expect(chooseAmong([first, { name: "other", milliseconds: 10.1 }])).toEqual({
      taken: first,
      why: "12 ms on first, 10 ms on other; other is not 1.2 times as fast",
    });
    const faster = { name: "other", milliseconds: 9.96 };
    expect(chooseAmong([first, faster])).toEqual({ taken: faster, why: "12 ms on first, 10 ms on other" });
    expect(chooseAmong([first])).toEqual({ taken: first, why: "12 ms on first" });
  });
});

describe("takeFastest", () => {
  it("takes the fastest, says the numbers, and disposes of the others", async () => {
    const [slow, fast] = [new Paced("slow", 20), new Paced("fast", 5)];
    const { backend, reason } = await takeFastest(["slow", "fast"], sourceOf([slow, fast]));
    expect(backend).toBe(fast);
    expect(reason).toMatch(/^auto took fast: a small training step took [\d.]+ ms on slow, [\d.]+ ms on fast$/);
    expect([slow.disposed, fast.disposed]).toEqual([true, false]);
  });

  it("leaves one that is in use alone, also where another is taken", async () => {
    const [slow, fast] = [new Paced("slow", 20), new Paced("fast", 5)];
    expect((await takeFastest(["slow", "fast"], sourceOf([fast], [slow]))).backend).toBe(fast);
    expect(slow.disposed).toBe(false);
  });

  it("passes over what cannot be had or fails, and says why in one line", async () => {
    const [failing, sound] = [new Failing("failing", 5), new Paced("sound", 5)];
    const { backend, reason } = await takeFastest(["failing", "absent", "sound"], sourceOf([failing, sound]));
    expect([backend, failing.disposed]).toEqual([sound, true]);
    expect(reason).toMatch(/ ms on sound; absent: is not here; get it; failing fails \(of its own\)$/);
  });

  it("measures nothing where there is one, which may be slow", async () => {
    const only = new Failing("only", 0);
    const taken = await takeFastest(["absent", "only"], sourceOf([only]));
    expect(taken).toEqual({ backend: only, reason: "auto took only: absent: is not here; get it" });
  });

  it("throws with what is missing where none works, and leaves nothing behind", async () => {
    const failing = [new Failing("one", 0), new Failing("two", 0)];
    const choice = takeFastest(["one", "two", "three"], sourceOf(failing));
    await expect(choice).rejects.toThrow(BackendError);
    await expect(choice).rejects.toThrow(/^auto: none of one, two, three works here\n {2}three: is not here; get it\n/);
    expect(failing.map(({ disposed }) => disposed)).toEqual([true, true]);
  });

  it("hands on an error that is no backend's, and disposes of what was started", async () => {
    const sound = new Paced("sound", 0);
    const source = {
      running: () => undefined,
      async create(name: string) {
        if (name === "sound") return sound;
        throw new TypeError("a bug");
      },
    };
    await expect(takeFastest(["sound", "broken"], source)).rejects.toThrow(new TypeError("a bug"));
    expect(sound.disposed).toBe(true);
  });
});
