/** Writes each failure as it happens: a run that is cut off never comes to the reporter's own list of failures. */
import { inspect } from "node:util";
import type Mocha from "mocha";
import { "module.exports" as CountReporter } from "../support/count-reporter.ts";

class MachineReporter extends CountReporter {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    runner.on("fail", (_test: Mocha.Test, error: unknown) => process.stdout.write(`${inspect(error)}\n`));
  }
}

export { MachineReporter as "module.exports" };
