/**
 * Gathers the programs that make load, of the distribution's packages: stress-ng, and busybox for a shell. What is
 * installed here is taken as it is; what is not comes from the packages, unpacked beside and never installed.
 */
import { copyFileSync, existsSync, mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { runCommand } from "../../../lib/command.ts";
import { messageOf } from "../../../lib/errors.ts";
import { CliError } from "../errors.ts";
import { PackageTree } from "./packages.ts";

export interface Programs {
  /** Root file system of the image. */
  readonly root: string;
  /** Of stress-ng: `0.15.06`. */
  readonly version: string;
}

export interface GatherOptions {
  /** Directories in which installed programs are looked for. */
  readonly path?: readonly string[];
}

const SYSTEM_PATH = ["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin"];
const DIRECTORIES = ["bin", "dev", "etc", "proc", "sys", "tmp", "usr/bin"];

/**
 * @param work a directory for the parts
 * @throws {CliError} that says how to get stress-ng when it is neither installed nor can be fetched
 */
export async function gatherPrograms(work: string, { path = SYSTEM_PATH }: GatherOptions = {}): Promise<Programs> {
  const packages = new PackageTree(join(work, "packages"));
  const stress = await locate("stress-ng", "stress-ng", packages, path);
  const busybox = await locate("busybox", "busybox-static", packages, path);
  const root = join(work, "root");
  for (const directory of DIRECTORIES) mkdirSync(join(root, directory), { recursive: true });
  copyFileSync(stress, join(root, "usr/bin/stress-ng"));
  copyFileSync(busybox, join(root, "bin/busybox"));
  for (const library of [...(await librariesOf(stress, packages)), ...(await librariesOf(busybox, packages))]) {
    copyLibrary(library, packages, root);
  }
  const applets = (await runCommand([busybox, "--list"])).stdout.split("\n");
  for (const applet of applets) {
    if (applet !== "" && applet !== "busybox") symlinkSync("busybox", join(root, "bin", applet));
  }
  return { root, version: await versionOf(stress, packages) };
}

/** Path of a program: the installed one, else that of the package. */
async function locate(program: string, name: string, packages: PackageTree, path: readonly string[]): Promise<string> {
  const installed = path.map((directory) => join(directory, program)).find(existsSync);
  if (installed !== undefined) return realpathSync(installed);
  try {
    await packages.add(name);
  } catch (error) {
    throw new CliError(
      `${program} is needed to make load. It is not installed, and its package cannot be fetched: ${messageOf(error)}\n` +
        `Install it (apt install ${name}, dnf install ${program}, apk add ${program}), and try again`,
    );
  }
  const path_ = SYSTEM_PATH.map((directory) => packages.pathOf(join(directory, program))).find(existsSync);
  if (path_ === undefined) throw new CliError(`The package ${name} has no program ${program}`);
  return path_;
}

/** How deep libraries of libraries are looked for among packages. */
const DEPTH = 3;

/** Files of all shared libraries and of the loader, those that are missing here fetched. */
async function librariesOf(program: string, packages: PackageTree): Promise<string[]> {
  for (let level = 0; ; level++) {
    const { stdout } = await runCommand(["ldd", program], { env: packages.environment(), expect: [0, 1] });
    const missing = [...stdout.matchAll(/^\s*(\S+) => not found/gm)].map(([, name = ""]) => name);
    if (missing.length === 0) return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, file = ""]) => file);
    if (level === DEPTH) throw new CliError(`${program} needs libraries that were not found: ${missing.join(", ")}`);
    await packages.addDependencies();
  }
}

/** Under the same name as here, so that the loader finds it where it looks anyway. */
function copyLibrary(file: string, packages: PackageTree, root: string): void {
  const target = join(root, packages.insidePathOf(file));
  if (existsSync(target)) return;
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(file, target);
}

async function versionOf(stress: string, packages: PackageTree): Promise<string> {
  const { stdout } = await runCommand([stress, "--version"], { env: packages.environment() });
  const [, version] = /version (\d[\w.]*)/.exec(stdout) ?? [];
  if (version === undefined) throw new CliError(`${stress} --version says: ${stdout.trim()}`);
  return version;
}
