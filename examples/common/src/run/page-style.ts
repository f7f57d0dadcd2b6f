// How a run's page looks, on light and on dark, on a telephone and on a wide screen.

/** The page's style sheet. */
export const PAGE_STYLE = `
:root {
  --background: #faf9f7; --surface: #ffffff; --text: #1c1917; --muted: #6b645e; --line: #e7e5e4; --warning: #b42318;
}
@media (prefers-color-scheme: dark) {
  :root {
    --background: #161412; --surface: #1f1c1a; --text: #f2efec; --muted: #a8a29e; --line: #37322e; --warning: #ff8f7d;
  }
}
* { box-sizing: border-box; margin: 0; }
body {
  background: var(--background); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 1080px; margin: 0 auto; padding: clamp(24px, 5vw, 64px) clamp(16px, 4vw, 40px) 80px; }
section { margin-top: 64px; }
h1 { font-size: clamp(2rem, 5vw, 3rem); line-height: 1.1; letter-spacing: -0.025em; font-weight: 700; }
h2 { font-size: 1.25rem; letter-spacing: -0.01em; margin-bottom: 12px; }
.hero { display: grid; gap: 40px; align-items: center; }
@media (min-width: 820px) { .with-picture { grid-template-columns: minmax(0, 1fr) minmax(0, 460px); } }
.lead { margin-top: 16px; font-size: 1.125rem; color: var(--muted); max-width: 36em; overflow-wrap: anywhere; }
.warning { color: var(--warning); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 24px 20px; margin-top: 36px; }
.figures dt { color: var(--muted); font-size: 0.8125rem; }
.figures dd { font-size: 1.5rem; font-weight: 600; letter-spacing: -0.02em; overflow-wrap: anywhere; }
figure img { display: block; width: 100%; height: auto; border-radius: 8px; }
figcaption, .note { color: var(--muted); font-size: 0.875rem; margin-top: 10px; max-width: 70ch; }
.chart { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 20px 12px 8px; overflow-x: auto; }
.chart svg { display: block; width: 100%; min-width: 620px; height: auto; }
.chart.dark { display: none; }
@media (prefers-color-scheme: dark) { .chart.light { display: none; } .chart.dark { display: block; } }
.samples {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 220px), 1fr)); gap: 24px 20px; margin-top: 20px;
}
.samples figcaption { margin-top: 6px; }
.final { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 40px; align-items: start; }
.figures > div, .tables > div, .hero > *, figure { min-width: 0; }
.tables .columns { grid-column: 1 / -1; }
.columns td, .columns th { padding-right: 16px; }
.columns th { white-space: normal; }
.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 48px 40px; }
table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; }
th, td { text-align: left; vertical-align: top; padding: 8px 0; border-bottom: 1px solid var(--line); }
th { font-weight: 400; color: var(--muted); padding-right: 20px; white-space: nowrap; }
td { overflow-wrap: anywhere; }
@media (max-width: 560px) {
  th { white-space: normal; padding-right: 12px; }
  table { font-size: 0.8125rem; }
  .columns td, .columns th { padding-right: 8px; overflow-wrap: anywhere; }
}
@media print { section { break-inside: avoid; margin-top: 32px; } }
`;
