// That an example's README.md says what its --help says, and starts it with options that there are.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { describeOptions, type Program } from "../src/index.js";
import { parseOptions } from "../src/options.js";

/** Tests of the README beside an example's sources. To be called in a `describe`. */
export function itHasATrueReadme<Name extends string, Own extends object>(
  program: Program<Name, Own>,
  file: URL,
): void {
  const readme = readFileSync(file, "utf8");

  it("has the table of options that --help has", () => {
    const table = readme
      .split("\n")
      .filter((line) => line.startsWith("| `--"))
      .map((line) => line.replace(/ +/g, " "));
    expect(table).toEqual(describeOptions(program).map(tableRow));
  });

  it("starts the program with options that there are", () => {
    const commands = readme.match(/^npm (?:start|run) ?.*$/gm) ?? [];
    const own = commands.filter((command) => command.startsWith(program.command));
    expect(own.length).toBeGreaterThan(1);
    for (const command of own) {
      const [, args = ""] = command.split(" -- ");
      expect(parseOptions(program, args.split(" ").filter(Boolean)), command).toMatchObject({ kind: "run" });
    }
  });
}

function tableRow({ flags, description, defaultValue }: ReturnType<typeof describeOptions>[number]): string {
  const [meaning, inWords] = description.split(/ \(default: (.*)\)$/);
  // what can be typed is set as code
  const value = inWords ?? defaultValue;
  const cell = value && (/^(the|an?) /.test(value) ? ` ${value} ` : ` \`${value}\` `);
  return `| \`${flags}\` | ${meaning} |${cell || " "}|`;
}
