/**
 * The one rule of the layers: an import goes down (bin → runtime → netns | cgroups → lib), `netns` and `cgroups` do not
 * know each other, and another layer is entered only through its index.ts.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  netns: ["lib"],
  cgroups: ["lib"],
  runtime: ["netns", "cgroups", "lib"],
  bin: ["runtime", "netns", "cgroups", "lib"],
  test: ["bin", "runtime", "netns", "cgroups", "lib"],
};
const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)|new URL\("(\.[^"]+)"/g;
const root = join(import.meta.dirname, "../..");

function violationsOf(file: string): string[] {
  const from = layerOf(file);
  const found: string[] = [];
  for (const match of readFileSync(join(root, file), "utf8").matchAll(IMPORT)) {
    const target = relative(root, join(root, dirname(file), match[1] ?? match[2] ?? match[3] ?? ""));
    const to = layerOf(target);
    if (to === from || !(to in ALLOWED)) continue;
    if (!(ALLOWED[from] ?? []).includes(to)) found.push(`${file}: ${from} must not import ${to} (${target})`);
    else if (to !== "lib" && from !== "test" && target !== `${to}/index.ts`) {
      found.push(`${file}: enter ${to} through ${to}/index.ts, not ${target}`);
    }
  }
  return found;
}

const layerOf = (path: string): string => path.split("/")[0] ?? "";

const files = globSync(`{${Object.keys(ALLOWED).join(",")}}/**/*.ts`, { cwd: root });
const violations = files.flatMap(violationsOf);
for (const violation of violations) console.error(violation);
console.log(`${files.length} files, ${violations.length} layer violations`);
process.exitCode = violations.length === 0 ? 0 : 1;
