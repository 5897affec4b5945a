/** How `ctr-diagnosis` is started. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** The source beside this one, or in a release the program beside the engine's. */
const EXTENSION = extname(import.meta.filename) === ".ts" ? ".ts" : ".cjs";
const PROGRAM = fileURLToPath(new URL(`./ctr-diagnosis${EXTENSION}`, import.meta.url));

/** Argument vector. */
export const diagnosisProgram = (): readonly string[] => [process.execPath, PROGRAM];
