import type { Reporter, TestModule } from "vitest/node";

/** Ends a run with one plain line, for people and programs that read the end of a log. */
export const closingLine: Reporter = {
  onTestRunEnd: (modules: readonly TestModule[]) => {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state]++;
      // A file that cannot even be loaded has no tests, and has failed.
      if (!module.ok() && [...module.children.allTests()].length === 0) count.failed++;
    }
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  },
};
