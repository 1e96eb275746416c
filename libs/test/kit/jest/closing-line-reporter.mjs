import { writeSync } from 'node:fs';

/** Prints the one closing line that people and CI read: `N passed, N failed, N skipped`. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    // A suite that could not even load has no tests to count: it must not vanish from the sum.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    // At exit, because jest appends its own summary reporter after ours, and the closing line has to be the last one.
    process.once('exit', () => writeSync(1, `\n${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`));
  }
}
