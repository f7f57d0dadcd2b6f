// The page as a browser lays it out: on a telephone and on wide screens nothing runs into anything, or out of the page.

import { type Browser, chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findChromium } from "../../../packages/core/test/browser/chromium.js";
import { describeMeasures } from "../src/generator-measures.js";
import { renderPage } from "../src/run/page.js";

const executable = findChromium();
const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="600"><rect width="900" height="600" fill="teal"/></svg>`;
const svg = new TextEncoder().encode(picture);

async function pageOf(): Promise<string> {
  const { readReference } = await import("@adjoint/measures");
  const reference = await readReference();
  const [first] = reference.gan;
  if (!first) throw new Error("the reference has no runs");
  const image = (name: string) => ({
    name,
    content: svg,
    caption: "Images from the generator, one for each of its inputs",
  });
  return renderPage({
    title: "GAN on MNIST",
    lead: "20,000 iterations in 24.1 s on the backend wasm, in /home/somebody/a-folder/with/a/long/name/runs/mnist-gan-2026",
    warning: false,
    figures: ["Iterations", "An iteration takes", "Generator's loss", "Discriminator's loss", "Accuracy"].map(
      (label, i) => {
        return { label, value: ["1,000,000,000", "123,456.7 ms", "0.812", "1,234.567", "87.4 %"][i] as string };
      },
    ),
    mainPicture: image("gallery.svg"),
    chart: { light: picture, dark: picture },
    chartCaption: "Pale lines: what single iterations gave.",
    samples: Array.from({ length: 5 }, () => image("sample.svg")),
    samplesCaption: "samples",
    finalPictures: [image("nearest.svg"), image("latent.svg")],
    tables: [
      describeMeasures(first.measures, reference),
      {
        heading: "Options",
        rows: [
          ["--checkpoint-interval", "1000"],
          ["--data", "/home/somebody/a/folder/with/a/name/that/has/no/end/and/no/spaces/train-images-idx3-ubyte.gz"],
        ],
      },
      {
        heading: "Machine",
        rows: [
          ["Backend", "wasm (asked for by name)"],
          ["Parameters", "generator 1,493,520, discriminator 533,505"],
        ],
      },
    ],
  });
}

/** What is wider than the page, and pairs of texts whose letters lie over each other. */
function faults(): { scrolls: number; overlaps: string[] } {
  const boxes = [...document.querySelectorAll("h1, h2, p, dt, dd, th, td, figcaption, img")].flatMap((element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    const rectangles = element.tagName === "IMG" ? [element.getBoundingClientRect()] : [...range.getClientRects()];
    return rectangles.filter(({ width }) => width > 0).map((box) => ({ element, box }));
  });
  const overlaps: string[] = [];
  for (const [i, one] of boxes.entries()) {
    for (const other of boxes.slice(i + 1)) {
      if (one.element === other.element) continue;
      const across = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const down = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (across > 1 && down > 1) overlaps.push(`${one.element.textContent} | ${other.element.textContent}`);
    }
  }
  return { scrolls: document.documentElement.scrollWidth - innerWidth, overlaps };
}

describe.skipIf(!executable)(`a run's page${executable ? "" : " (not run: no Chromium)"}`, () => {
  let browser: Browser;
  let content: string;

  beforeAll(async () => {
    content = await pageOf();
    browser = await chromium.launch({ executablePath: executable as string, args: ["--no-sandbox", "--disable-gpu"] });
  });

  afterAll(() => browser?.close());

  it.each(
    [390, 768, 1200, 1440, 1920].flatMap((width) =>
      (["light", "dark"] as const).map((scheme) => [width, scheme] as const),
    ),
  )("fits %i pixels, and no text lies on another (%s)", async (width, colorScheme) => {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    await page.setContent(content);
    if (process.env.ADJOINT_SHOTS)
      await page.screenshot({ path: `${process.env.ADJOINT_SHOTS}/${width}-${colorScheme}.png`, fullPage: true });
    expect(await page.evaluate(faults)).toEqual({ scrolls: 0, overlaps: [] });
    await page.close();
  });
});
