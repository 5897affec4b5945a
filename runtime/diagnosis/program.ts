/** How `ctr-diagnosis` is started. */
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** The source beside this one, or in a release the bundle beside the engine's. */
const PROGRAM = fileURLToPath(new URL(`./ctr-diagnosis${extname(import.meta.filename)}`, import.meta.url));

/** Argument vector. */
export const diagnosisProgram = (): readonly string[] => [process.execPath, PROGRAM];
