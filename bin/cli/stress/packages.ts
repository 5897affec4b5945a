/** Debian packages, downloaded and unpacked into a directory, without being installed. */
import { existsSync, globSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { type CommandResult, runCommand } from "../../../lib/command.ts";

/** Milliseconds for a download. */
const PATIENCE = 120_000;

/** Without its own user apt can write into a directory of root's. */
const APT_OPTIONS = ["-q", "-o", "APT::Sandbox::User=root"];

export class PackageTree {
  readonly #tree: string;
  readonly #archives: string;
  readonly #names = new Set<string>();
  #isUpdated = false;

  constructor(directory: string) {
    this.#tree = join(directory, "tree");
    this.#archives = join(directory, "archives");
  }

  /** @throws when there is no apt, no such package, or no way to the archive */
  async add(...names: readonly string[]): Promise<void> {
    const wanted = names.filter((name) => !this.#names.has(name));
    if (wanted.length === 0) return;
    mkdirSync(this.#tree, { recursive: true });
    mkdirSync(this.#archives, { recursive: true });
    const known = new Set(this.#files());
    await this.#download(wanted);
    for (const file of this.#files()) {
      if (!known.has(file)) await runCommand(["dpkg-deb", "-x", join(this.#archives, file), this.#tree]);
    }
    for (const name of wanted) this.#names.add(name);
  }

  /** The packages that those which are here depend on; of alternatives the first. */
  async addDependencies(): Promise<void> {
    const found = new Set<string>();
    for (const file of this.#files()) {
      const { stdout } = await runCommand(["dpkg-deb", "-f", join(this.#archives, file), "Depends"]);
      for (const dependency of stdout.split(",")) {
        const [, name] = /^\s*([a-z0-9][a-z0-9+.-]+)/.exec(dependency) ?? [];
        if (name !== undefined) found.add(name);
      }
    }
    await this.add(...found);
  }

  pathOf(path: string): string {
    return join(this.#tree, path);
  }

  /** Where a file of the tree, or of this machine, belongs in a root file system. */
  insidePathOf(path: string): string {
    return path.startsWith(this.#tree) ? path.slice(this.#tree.length) : path;
  }

  /** For programs that need the libraries of the packages. */
  environment(): NodeJS.ProcessEnv {
    if (!existsSync(this.#tree)) return process.env;
    const directories = globSync(["lib/*-linux-*", "usr/lib/*-linux-*", "lib", "usr/lib"], { cwd: this.#tree });
    const library = directories.map((directory) => join(this.#tree, directory)).join(":");
    return { ...process.env, LD_LIBRARY_PATH: library };
  }

  #files(): string[] {
    return globSync("*.deb", { cwd: this.#archives }).map((path) => basename(path));
  }

  /** The machine's lists of packages may be absent, or older than the archive. */
  async #download(names: readonly string[]): Promise<void> {
    const download = (): Promise<CommandResult> => this.#apt("download", ...names);
    if (this.#isUpdated) {
      await download();
      return;
    }
    await download().catch(async () => {
      await this.#apt("update");
      this.#isUpdated = true;
      await download();
    });
  }

  #apt(...words: readonly string[]): Promise<CommandResult> {
    return runCommand(["apt-get", ...APT_OPTIONS, ...words], { cwd: this.#archives, timeout: PATIENCE });
  }
}
