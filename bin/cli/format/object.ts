/** One object, or several, in full: indented JSON as `inspect` prints it, or a template an object. */
import { compileTemplate } from "./template/evaluate.ts";

/** @param format value of `--format`: absent for indented JSON, `json` for JSON in one line, else a template */
export function renderObjects(objects: readonly unknown[], format: string | undefined): string {
  if (format === undefined || format === "") {
    return objects.length === 0 ? "[]\n" : `${JSON.stringify(objects, undefined, 4)}\n`;
  }
  if (format === "json") return `${JSON.stringify(objects)}\n`;
  const render = compileTemplate(format);
  return objects.map((object) => `${render(object)}\n`).join("");
}
