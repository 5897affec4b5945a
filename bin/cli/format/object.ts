/** One object, or several, in full: indented JSON as `inspect` prints it, or a template an object. */
import { compileTemplate } from "./template/evaluate.ts";

/** @param format value of `--format`: absent for a JSON array, `json` for compact JSON, else a template */
export function renderObjects(objects: readonly unknown[], format: string | undefined): string {
  if (format === undefined || format === "") {
    return objects.length === 0 ? "[]\n" : `${JSON.stringify(objects, undefined, 4)}\n`;
  }
  const render = format === "json" ? JSON.stringify : compileTemplate(format);
  return objects.map((object) => `${render(object)}\n`).join("");
}
