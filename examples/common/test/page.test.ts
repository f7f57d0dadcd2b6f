// The page: it needs nothing from outside, and shows texts as they are.

import { describe, expect, it } from "vitest";
import { html } from "../src/run/html.js";
import { renderPage } from "../src/run/page.js";

const content = {
  title: "A run",
  lead: 'in <folder> & "more"',
  warning: false,
  figures: [{ label: "Iterations", value: "7" }],
  mainPicture: { name: "gallery.png", content: new Uint8Array([1, 2, 3]), caption: "100 images" },
  chart: { light: "<svg id='light'></svg>", dark: "<svg id='dark'></svg>" },
  chartCaption: "curves",
  samples: [{ name: "7.png", content: new Uint8Array([4, 5, 6]), caption: "Iteration 7" }],
  samplesCaption: "samples",
  finalPictures: [{ name: "latent.svg", content: new Uint8Array([7, 8, 9]), caption: "At the end" }],
  tables: [{ heading: "Options", rows: [["--out", "<script>alert(1)</script>"]] as const }],
};

/** Every address that a page could load something from. */
export function addresses(page: string): string[] {
  return [...page.matchAll(/(?:src|href|srcset|action|data)="([^"]*)"|url\(([^)]*)\)|@import\s+(\S+)/g)].map(
    ([, attribute, url, imported]) => attribute ?? url ?? imported ?? "",
  );
}

describe("renderPage", () => {
  it("refers to nothing outside the page", () => {
    const page = renderPage(content);
    expect(addresses(page)).toEqual([
      "data:image/png;base64,AQID",
      "data:image/svg+xml;base64,BwgJ",
      "data:image/png;base64,BAUG",
    ]);
    expect(page).not.toMatch(/<(script|link|iframe|object|embed)\b/);
  });

  it("escapes what it is told", () => {
    const page = renderPage(content);
    expect(page).toContain("in &#60;folder&#62; &#38; &#34;more&#34;");
    expect(page).toContain("&#60;script&#62;alert(1)&#60;/script&#62;");
  });

  it("has a column for each value of a table, under its head", () => {
    const rows = [["Recall", "1 %", "<2 %>"]] as const;
    const page = renderPage({ ...content, tables: [{ heading: "Measures", columns: ["this run", "floor"], rows }] });
    expect(page.replaceAll("\n", "")).toContain(
      '<tr><td></td><th scope="col">this run</th><th scope="col">floor</th></tr>' +
        '<tr><th scope="row">Recall</th><td>1 %</td><td>&#60;2 %&#62;</td></tr>',
    );
  });

  it("has both charts, each for its colour scheme", () => {
    const page = renderPage(content);
    expect(page).toContain("<svg id='light'>");
    expect(page).toContain("<svg id='dark'>");
    expect(page).toContain("@media (prefers-color-scheme: dark)");
  });

  it("does without a picture where none was taken", () => {
    expect(addresses(renderPage({ ...content, mainPicture: undefined, samples: [], finalPictures: [] }))).toEqual([]);
  });
});

describe("html", () => {
  it("escapes strings and numbers, and leaves html as it is", () => {
    expect(html`<p>${"<&>"} ${1} ${html`<b>${"'"}</b>`}${[html`<i></i>`, html`<i></i>`]}</p>`.text).toBe(
      "<p>&#60;&#38;&#62; 1 <b>&#39;</b><i></i>\n<i></i></p>",
    );
  });
});
