/** Which files of tests run in the machine, where a command takes seconds. */

/** Of the toolkit `cgroups/` alone. */
const TOOLKIT = /^test\/integration\/cgroups\/[^/]+\.test\.ts$/;

/** Of the engine, written for this machine. */
const ENGINE = /^test\/host-v2\/[^/]+\.test\.ts$/;

/**
 * What takes minutes, and figures that are exact only on a machine that nobody else uses: `npm test` leaves them to
 * `npm test host-v2`.
 */
const LONG = [
  "test/host-v2/engine.test.ts",
  "test/host-v2/verify.test.ts",
  "test/integration/cgroups/accuracy.test.ts",
];

export interface Choice {
  /** Parts of the paths of the tests that are wanted, whatever they are; none for the usual ones. */
  readonly patterns: readonly string[];
  /** Of the usual ones only those that end soon. */
  readonly brief: boolean;
}

/** @param files paths of tests from the repository's root */
export function chooseFiles(files: readonly string[], { patterns, brief }: Choice): string[] {
  const isUsual = (file: string): boolean => TOOLKIT.test(file) || ENGINE.test(file);
  const isAskedFor = (file: string): boolean => patterns.some((pattern) => file.includes(pattern));
  const isWanted = (file: string): boolean => isUsual(file) && !(brief && LONG.includes(file));
  return files.filter(patterns.length === 0 ? isWanted : isAskedFor).sort();
}
