/**
 * Mocha's own `spec` output, and one line of counts appended to the file that CTR_TEST_COUNTS names, so that the runner
 * adds up results of several mocha runs instead of reading their text.
 */
import { appendFileSync } from "node:fs";
import Mocha from "mocha";

class CountReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.once("end", () => {
      const file = process.env["CTR_TEST_COUNTS"];
      if (file === undefined) return;
      const { passes, failures, pending } = this.stats;
      appendFileSync(file, `${JSON.stringify({ passes, failures, pending })}\n`);
    });
  }
}

// Mocha loads a reporter by path and takes the module's exports as the class.
export { CountReporter as "module.exports" };
