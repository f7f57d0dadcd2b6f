// A reporter of vitest that counts tests and writes the count to the file that ADJOINT_COUNTS names, for scripts/test.mjs.
// What went wrong outside of a test counts as one failed: a file that cannot be imported, an error that nobody caught.
// Where a process of tests crashed, vitest does not say which file it was in the middle of: this names it.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

export default class CountReporter {
  /**
   * @param {readonly import("vitest/node").TestModule[]} modules
   * @param {readonly unknown[]} uncaught errors that belong to no test
   */
  onTestRunEnd(modules, uncaught) {
    const counts = { passed: 0, failed: uncaught.length, skipped: 0 };
    for (const module of modules) {
      if (module.state() === "pending" || module.state() === "queued") {
        console.error(`not run to its end: ${module.relativeModuleId}`);
      }
      counts.failed += module.errors().length;
      for (const suite of module.children.allSuites()) counts.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        // A test that was not reached, because vitest was told to stop, has not passed.
        counts[state === "pending" ? "skipped" : state] += 1;
      }
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
    const line = `${counts.passed} passed, ${counts.failed} failed${skipped}`;
    const file = process.env.ADJOINT_COUNTS;
    if (!file) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ ...counts, line }));
  }
}
