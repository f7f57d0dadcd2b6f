// A page about a run: one HTML file that needs no other, no network and no script.

import { dataUri, type Html, html, Html as RawHtml } from "./html.js";
import { PAGE_STYLE } from "./page-style.js";

/** A picture on the page. */
export interface PagePicture {
  /** The name of its file, which says what it is: `.png` or `.svg`. */
  readonly name: string;
  readonly content: Uint8Array;
  readonly caption: string;
}

/** Names and values under a heading. */
export interface PageTable {
  readonly heading: string;
  /** What stands above the values, where a row has more than one. */
  readonly columns?: readonly string[];
  readonly rows: readonly (readonly [name: string, ...values: string[]])[];
}

/** Everything that the page shows. */
export interface PageContent {
  readonly title: string;
  /** One sentence on what the run was and how it ended. */
  readonly lead: string;
  /** Whether the lead tells of something that went wrong. */
  readonly warning: boolean;
  /** The few numbers that matter most. */
  readonly figures: readonly { readonly label: string; readonly value: string }[];
  readonly mainPicture: PagePicture | undefined;
  readonly chart: { readonly light: string; readonly dark: string };
  readonly chartCaption: string;
  readonly samples: readonly PagePicture[];
  readonly samplesCaption: string;
  /** Those of the end. */
  readonly finalPictures: readonly PagePicture[];
  readonly tables: readonly PageTable[];
}

/** Renders the page. All texts are escaped. */
export function renderPage(content: PageContent): string {
  const { title, lead, warning, figures, mainPicture, tables } = content;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new RawHtml(PAGE_STYLE)}</style>
</head>
<body>
<main>
<header class="${mainPicture ? "hero with-picture" : "hero"}">
<div>
<h1>${title}</h1>
<p class="${warning ? "lead warning" : "lead"}">${lead}</p>
<dl class="figures">
${figures.map(({ label, value }) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}
</dl>
</div>
${mainPicture ? picture(mainPicture) : ""}
</header>
${finalSection(content)}
${chartSection(content)}
${samplesSection(content)}
<section class="tables">
${tables.map(table)}
</section>
</main>
</body>
</html>
`.text;
}

function picture({ name, content, caption }: PagePicture): Html {
  return html`<figure><img src="${dataUri(name, content)}" alt="${caption}"><figcaption>${caption}</figcaption></figure>`;
}

function finalSection({ finalPictures }: PageContent): Html {
  if (finalPictures.length === 0) return html``;
  return html`<section class="final">
${finalPictures.map(picture)}
</section>`;
}

function chartSection({ chart, chartCaption }: PageContent): Html {
  return html`<section>
<h2>Losses</h2>
<div class="chart light" role="img" aria-label="${chartCaption}">${new RawHtml(chart.light)}</div>
<div class="chart dark" role="img" aria-label="${chartCaption}">${new RawHtml(chart.dark)}</div>
<p class="note">${chartCaption}</p>
</section>`;
}

function samplesSection({ samples, samplesCaption }: PageContent): Html {
  return html`<section>
<h2>Samples</h2>
<p class="note">${samplesCaption}</p>
<div class="samples">
${samples.map(picture)}
</div>
</section>`;
}

function table({ heading, columns, rows }: PageTable): Html {
  const heads = columns && html`<tr><td></td>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr>\n`;
  return html`<div class="${columns ? "columns" : "pairs"}">
<h2>${heading}</h2>
<table>
${heads ?? ""}${rows.map(([name, ...values]) => html`<tr><th scope="row">${name}</th>${values.map((value) => html`<td>${value}</td>`)}</tr>`)}
</table>
</div>`;
}
