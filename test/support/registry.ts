/** The real registry (package docker-registry) on a free loopback port, with storage of its own, filled by skopeo. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../lib/command.ts";
import { signalProcess } from "../../lib/system/process.ts";
import type { PrivateHost } from "./private-host.ts";
import { waitFor } from "./wait.ts";

export interface RegistryOptions {
  /** Run inside this host's namespaces instead of the machine's. */
  readonly inside?: PrivateHost;
  /** Ask for {@link REGISTRY_CREDENTIALS}. */
  readonly auth?: boolean;
  /** Answer over TLS, with a certificate that nobody has signed. */
  readonly tls?: boolean;
}

export const REGISTRY_CREDENTIALS = { username: "ctr", password: "secret" } as const;
const HTPASSWD = "ctr:$2b$04$JTI/WH4sXKqEpxr4DFrEoeXnZ6tM4u6hAUN86hP1l3c3rYmnkyZzm\n";

export class Registry implements AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Where it keeps blobs and manifests. */
  readonly storage: string;
  readonly #directory: string;
  readonly #process: ChildProcess;
  readonly #options: RegistryOptions;

  private constructor(host: string, directory: string, child: ChildProcess, options: RegistryOptions) {
    this.host = host;
    this.storage = join(directory, "storage");
    this.#directory = directory;
    this.#process = child;
    this.#options = options;
  }

  static async start(options: RegistryOptions = {}): Promise<Registry> {
    const directory = mkdtempSync(join(tmpdir(), "ctr-registry-"));
    const log = join(directory, "log");
    writeFileSync(join(directory, "htpasswd"), HTPASSWD);
    if (options.tls === true) await makeCertificate(directory);
    writeFileSync(join(directory, "config.yml"), configOf(directory, options));
    const [program, ...args] = argvIn(options, ["docker-registry", "serve", join(directory, "config.yml")]);
    const output = openSync(log, "w");
    const child = spawn(program, args, { stdio: ["ignore", output, output] });
    closeSync(output);
    try {
      const host = await waitFor("the registry to listen", () => {
        const text = readFileSync(log, "utf8");
        if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}:\n${text}`);
        return /listening on (127\.0\.0\.1:\d+)/.exec(text)?.[1];
      });
      return new Registry(host, directory, child, options);
    } catch (error) {
      await end(child);
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Copies the first image of an archive into the registry.
   * @param archive path of a docker-archive, or any source that skopeo knows (`oci-archive:…`)
   * @param name repository and tag: `library/busybox:latest`
   */
  async push(archive: string, name: string, flags: readonly string[] = []): Promise<void> {
    const source = archive.includes(":") ? archive : `docker-archive:${archive}:@0`;
    const { username, password } = REGISTRY_CREDENTIALS;
    const credentials = this.#options.auth === true ? ["--dest-creds", `${username}:${password}`] : [];
    const copy = [
      "skopeo",
      "--insecure-policy",
      "copy",
      "--quiet",
      "--dest-tls-verify=false",
      ...credentials,
      ...flags,
    ];
    await runCommand(argvIn(this.#options, [...copy, source, `docker://${this.host}/${name}`]));
  }

  /** File that holds a blob. */
  blobPath(digest: string): string {
    const hex = digest.replace("sha256:", "");
    return join(this.storage, "docker/registry/v2/blobs/sha256", hex.slice(0, 2), hex, "data");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#process);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function argvIn({ inside }: RegistryOptions, argv: readonly string[]): readonly [string, ...string[]] {
  if (inside !== undefined) return inside.argv(argv);
  const [program = "", ...args] = argv;
  return [program, ...args];
}

const certificateIn = (directory: string): { readonly certificate: string; readonly key: string } => ({
  certificate: join(directory, "certificate.pem"),
  key: join(directory, "key.pem"),
});

async function makeCertificate(directory: string): Promise<void> {
  const { certificate, key } = certificateIn(directory);
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=registry"];
  await runCommand(["openssl", "req", "-x509", ...kind, "-days", "2", "-keyout", key, "-out", certificate]);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, "exit");
  signalProcess(child.pid, "SIGKILL");
  await gone;
}

function configOf(directory: string, { auth, tls }: RegistryOptions): string {
  return JSON.stringify({
    version: 0.1,
    log: { level: "info", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(directory, "storage") }, delete: { enabled: true } },
    http: { addr: "127.0.0.1:0", ...(tls === true ? { tls: certificateIn(directory) } : {}) },
    ...(auth === true ? { auth: { htpasswd: { realm: "test", path: join(directory, "htpasswd") } } } : {}),
  });
}
