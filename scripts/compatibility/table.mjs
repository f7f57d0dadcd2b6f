// What the trials came to, as a table in Markdown and the errors below it.

/** @typedef {import("./trial.mjs").Trial} Trial */
/** @typedef {import("./trial.mjs").Place} Place */
/** @typedef {import("./pages.mjs").Outcome} Outcome */

/** @type {readonly (readonly [place: Place, title: string])[]} */
const COLUMNS = [
  ["program", "Program"],
  ["server", "Server"],
  ["page", "Page"],
  ["worker", "Web Worker"],
  ["isolatedPage", "Isolated page"],
  ["isolatedWorker", "Web Worker of an isolated page"],
];

/**
 * The table, and how many trials failed. A place counts as passed where its numbers are those of Node, bit for bit.
 *
 * @param {readonly Trial[]} trials the first is that of Node
 * @param {string | undefined} chromium the browser's version; undefined where there was none
 * @returns {{ text: string, failures: number }}
 */
export function tableOf(trials, chromium) {
  const expected = trials[0]?.outcomes.program;
  const notes = trials.flatMap((trial) => notesOf(trial, expected));
  const rows = trials.map((trial) => {
    const { tool, notRun, failure } = trial;
    const cells = COLUMNS.map(([place]) => {
      if (notRun !== undefined) return "not run";
      if (failure !== undefined) return "fails";
      const outcome = trial.outcomes[place];
      return outcome ? cellOf(outcome, expected) : "–";
    });
    const version = Object.values(tool.packages)[0] ?? process.versions.node;
    return `| ${[`${tool.name} ${version}`, ...cells].join(" | ")} |`;
  });
  const head = ["", ...COLUMNS.map(([, title]) => title)];
  const lines = [`| ${head.join(" | ")} |`, `| ${head.map(() => "---").join(" | ")} |`, ...rows, ""];
  const date = new Date().toISOString().slice(0, 10);
  const browser = chromium ? `Chromium ${chromium}` : "no Chromium on this machine, so no page was opened";
  lines.push(`Written by \`npm run compatibility\` on ${date}, ${process.platform} ${process.arch}, ${browser}.`);
  if (notes.length > 0) lines.push("", ...notes);
  const failures = notes.filter((note) => !note.includes(": not run: ")).length;
  return { text: `${lines.join("\n")}\n`, failures };
}

/**
 * @param {Outcome} outcome
 * @param {Outcome | undefined} expected
 */
function cellOf(outcome, expected) {
  if (problemOf(outcome, expected) !== undefined) return "fails";
  return "threads" in outcome && outcome.threads === 1 ? "1 thread" : `${Reflect.get(outcome, "threads")} threads`;
}

/**
 * @param {Outcome} outcome
 * @param {Outcome | undefined} expected
 * @returns {string | undefined}
 */
function problemOf(outcome, expected) {
  if (outcome.error !== undefined) return outcome.error;
  if (!expected || expected.error !== undefined) return "there are no numbers of Node to compare with";
  const same = outcome.loss === expected.loss && outcome.mean === expected.mean;
  return same ? undefined : `other numbers than Node's: ${JSON.stringify(outcome)}, ${JSON.stringify(expected)}`;
}

/**
 * @param {Trial} trial
 * @param {Outcome | undefined} expected
 * @returns {string[]}
 */
function notesOf({ tool, outcomes, warnings, failure, notRun }, expected) {
  if (notRun !== undefined) return [`- ${tool.name}: not run: ${oneLine(notRun)}`];
  const problems = COLUMNS.flatMap(([place, title]) => {
    const outcome = outcomes[place];
    const problem = outcome && problemOf(outcome, expected);
    return problem === undefined ? [] : [`- ${tool.name}, ${title.toLowerCase()}: ${oneLine(problem)}`];
  });
  if (failure !== undefined) problems.push(`- ${tool.name}: ${oneLine(failure)}`);
  if (warnings) problems.push(`- ${tool.name}: the build warns: ${oneLine(warnings)}`);
  return problems;
}

/** @param {string} text */
function oneLine(text) {
  return text.replace(/\s+/g, " ").trim();
}
