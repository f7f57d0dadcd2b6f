// Products and an iteration of the GAN on the GPU of a browser: adjoint and its peers in one page.

import { createRequire } from "node:module";
import { Random } from "@adjoint/core";
import type { Page } from "playwright-core";
import { COMPETITORS, type CompetitorName, decodeValues, encodeTask } from "../browser/messages.js";
import { openBenchmarkPage } from "../browser/open-page.js";
import type { Task } from "../contestants/protocol.js";
import type { NotRun } from "../contestants/roster.js";
import type { InterleaveOptions } from "../harness.js";
import type { Comparison } from "../report.js";
import { type Competitor, compare, messageOf } from "./compare.js";
import { ganOperations, ganTask } from "./gan.js";

const SIZES = [
  [128, 784, 128],
  [512, 512, 512],
  [1024, 1024, 1024],
] as const;
const PEERS = ["@tensorflow/tfjs-core", "@jax-js/jax", "gpu.js"] as const;

const require = createRequire(import.meta.url);

/** The peers with their versions. An exports map may hide package.json: it lies above the entry. */
function versions(): string {
  const versionOf = (name: string): string =>
    require(
      require
        .resolve(name)
        .replace(/([/\\]node_modules[/\\](?:@[^/\\]+[/\\])?[^/\\]+[/\\])(?!.*node_modules).*$/, "$1package.json"),
    ).version;
  return PEERS.map((name) => `${name} ${versionOf(name)}`).join(", ");
}

const PRODUCT_TOLERANCE = 1e-5;
const GAN_TOLERANCE = 1e-3;

/** Shows one comparison after the other; returns who took no part. */
export async function benchmarkBrowser(
  options: InterleaveOptions,
  show: (comparison: Comparison) => void,
): Promise<readonly NotRun[]> {
  const opened = await openBenchmarkPage().catch((error: unknown) => messageOf(error));
  if (typeof opened === "string") return [{ name: "the browser", reason: opened }];
  const { page, browser, close } = opened;
  try {
    const note = `In one page of ${browser}: ${await page.evaluate<string>("benchmarkPage.devices()")}. ${versions()}.`;
    const competitors = COMPETITORS.map((name) => competitorIn(page, name));
    for (const [m, k, n] of SIZES) {
      const random = new Random(1);
      const [a, b] = [random.fillNormal(new Float32Array(m * k)), random.fillNormal(new Float32Array(k * n))];
      const task = { kind: "product", m, k, n, transposeA: false, a, b } as const;
      const title = `On the GPU of a browser: product ${m}×${k}×${n}`;
      const work = { title, note, task, tolerance: PRODUCT_TOLERANCE, operations: 2 * m * k * n };
      show(await compare(competitors, work, options));
    }
    const task = await ganTask(128, 128);
    const title = "On the GPU of a browser: one GAN iteration, batch 128";
    const work = { title, note, task, tolerance: GAN_TOLERANCE, operations: ganOperations(128, 128) };
    show(await compare(competitors, work, options));
    return [];
  } finally {
    await close();
  }
}

/** A library in the page, as the harness sees it. */
function competitorIn(page: Page, name: CompetitorName): Competitor {
  const call = (method: string, ...inputs: readonly unknown[]): Promise<unknown> => {
    const texts = [name, ...inputs].map((input) => JSON.stringify(input));
    return page.evaluate(`benchmarkPage.${method}(${texts.join(", ")})`).catch((error: unknown) => {
      // without the page's stack, and without who evaluated what
      throw new Error(
        messageOf(error)
          .split("\n")[0]
          ?.replace(/^page\.evaluate: (Error: )?/, ""),
        { cause: error },
      );
    });
  };
  return {
    name,
    prepare: async (key: string, task: Task) => decodeValues((await call("prepare", key, encodeTask(task))) as string),
    time: async (key, calls) => (await call("time", key, calls)) as number,
    forget: async (key) => void (await call("forget", key)),
  };
}
