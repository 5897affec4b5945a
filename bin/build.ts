/**
 * `npm run build`: makes `dist/`: the library faces (`ctr/netns` …) as JavaScript with types, and the programs as bundles,
 * which start faster than their sources. It is made beside and then moved into place, so that programs of the former
 * build never find half of a new one.
 */
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { runCommand } from "../lib/command.ts";
import { hasCode } from "../lib/errors.ts";

const root = join(import.meta.dirname, "..");
const target = join(root, "dist");

async function buildLibrary(directory: string): Promise<void> {
  await runCommand([join(root, "node_modules/.bin/tsc"), "-p", "tsconfig.build.json", "--outDir", directory], {
    cwd: root,
  });
}

async function buildPrograms(directory: string): Promise<void> {
  const facts = JSON.stringify(await buildFacts());
  const common: BuildOptions = {
    absWorkingDir: root,
    bundle: true,
    platform: "node",
    target: "node26",
    // koffi has a native part that is found beside it.
    external: ["koffi"],
    define: { CTR_BUILD: facts },
    logLevel: "error",
  };
  // Programs that somebody waits for. CommonJS loads faster, also with V8's code cache, see below.
  const quick: BuildOptions = {
    ...common,
    format: "cjs",
    define: {
      ...common.define,
      "import.meta.url": "bundleUrl",
      "import.meta.dirname": "__dirname",
      "import.meta.filename": "__filename",
    },
    banner: { js: 'const bundleUrl = "file://" + __filename;' },
  };
  // Names stay, for those who read stack traces.
  const short: BuildOptions = { minifyWhitespace: true, minifySyntax: true };
  await Promise.all([
    // One minified file loads faster still.
    build({ ...quick, entryPoints: ["bin/cli/main.ts"], outfile: join(directory, "cli.cjs"), minify: true }),
    build({
      ...quick,
      ...short,
      entryPoints: ["runtime/diagnosis/ctr-diagnosis.ts"],
      outfile: join(directory, "diagnosis.cjs"),
    }),
    build({
      ...{ ...quick, ...short, entryPoints: ["netns/diagnosis/snapshot/reading-thread.ts"] },
      outfile: join(directory, "reading-thread.cjs"),
    }),
    // These stay as they are: stack traces of the engine are read by people.
    build({
      ...common,
      entryPoints: {
        ctrd: "bin/daemon/main.ts",
        "ctr-dataplane": "netns/dataplane/ctr-dataplane.ts",
        "unpack-process": "runtime/image/layer/unpack-process.ts",
      },
      outdir: directory,
      outExtension: { ".js": ".mjs" },
      format: "esm",
      // Packages that are CommonJS ask for `require`.
      banner: {
        js: 'import * as nodeModule from "node:module"; const require = nodeModule.createRequire(import.meta.url);',
      },
    }),
  ]);
}

/**
 * `ctr.cjs` loads `cli.cjs` with V8's code cache, which holds for what is loaded after it was switched on; so do others. The
 * cache is in `dist/`, where only the owner of the programs writes: in a directory for all, such as /tmp, others could put code
 * there. It is filled by a run of each.
 */
async function addCodeCache(directory: string): Promise<void> {
  const addLoader = (name: string, program: string): string => {
    const loader = join(directory, name);
    writeFileSync(
      loader,
      `require("node:module").enableCompileCache({ directory: __dirname + "/cache", portable: true });\nrequire("./${program}");\n`,
    );
    return loader;
  };
  await runCommand([process.execPath, addLoader("ctr.cjs", "cli.cjs"), "version", "--client"]);
  const question = { dataRoot: directory, execRoot: directory, request: { kind: "doctor" } };
  await runCommand([process.execPath, addLoader("ctr-diagnosis.cjs", "diagnosis.cjs")], {
    input: JSON.stringify(question),
  });
  await runCommand([process.execPath, addLoader("snapshot-thread.cjs", "reading-thread.cjs")]);
}

async function buildFacts(): Promise<Readonly<Record<string, string>>> {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
  return { version, gitCommit: await gitCommit(), buildTime: new Date().toISOString() };
}

/** Empty outside a checkout. */
async function gitCommit(): Promise<string> {
  try {
    return (await runCommand(["git", "-C", root, "rev-parse", "--short", "HEAD"])).stdout.trim();
  } catch {
    return "";
  }
}

/** Programs that run keep the files they have open; those that start now find the old or the new build. */
function moveIntoPlace(directory: string): void {
  const former = `${directory}-former`;
  try {
    renameSync(target, former);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  renameSync(directory, target);
  rmSync(former, { recursive: true, force: true });
}

const directory = mkdtempSync(join(root, ".build-"));
chmodSync(directory, 0o755);
try {
  await Promise.all([buildLibrary(directory), buildPrograms(directory)]);
  await addCodeCache(directory);
  moveIntoPlace(directory);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
