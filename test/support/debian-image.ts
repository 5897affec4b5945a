/**
 * An image of real Debian packages with nginx in it, made by mmdebstrap once a machine and kept in a cache: the first
 * test file that asks makes it, whoever asks at the same time waits.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../../lib/command.ts";
import { dockerArchive, type ImageRecipe, tarOf, temporaryFile } from "./images.ts";
import type { Registry } from "./registry.ts";

/** What the image's nginx answers to `GET /`. */
export const NGINX_PAGE = "nginx from Debian packages\n";

/**
 * Makes the nginx image and copies it into a registry.
 * @param name repository and tag
 */
export async function pushNginxImage(registry: Registry, name: string): Promise<void> {
  await registry.push(await dockerArchive(await nginxRecipe()), name);
}

/** Two layers: the packages' files, and what their installation scripts and an administrator would have written. */
async function nginxRecipe(): Promise<ImageRecipe> {
  return {
    layers: [readFileSync(await packagesLayer()), await tarOf(CONFIGURATION)],
    tags: ["nginx:latest"],
    config: { Cmd: ["nginx", "-g", "daemon off;"], Env: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"], StopSignal: "SIGQUIT" },
  };
}

const NGINX_CONFIGURATION = `
user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log notice;
events {}
http {
  access_log /var/log/nginx/access.log;
  server {
    listen 80;
    root /srv;
  }
}
`;

const CONFIGURATION = [
  { name: "etc/passwd", content: "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/srv:/usr/sbin/nologin\n" },
  { name: "etc/group", content: "root:x:0:\nwww-data:x:33:\n" },
  { name: "etc/nginx/nginx.conf", content: NGINX_CONFIGURATION },
  { name: "srv/index.html", content: NGINX_PAGE },
  { name: "var/log/nginx/access.log", type: "symlink", linkname: "/dev/stdout" },
  { name: "var/log/nginx/error.log", type: "symlink", linkname: "/dev/stderr" },
] as const;

/** @returns path of a tar archive of the packages' files, from the cache or made now */
async function packagesLayer(): Promise<string> {
  // "extract" unpacks without running installation scripts: no dpkg, shell or perl in the image, and 12 s instead of 60.
  const recipe = [
    "--variant=extract",
    "--include=nginx-light,base-files",
    "--format=tar",
    '--aptopt=Acquire::Languages "none"',
  ];
  const source = [await suiteOfMachine(), "-", ...sourcesOfMachine()];
  const settings = await runCommand(["apt-config", "dump", "Acquire"]);
  const settingsFile = temporaryFile("apt", ".conf");
  writeFileSync(settingsFile, settings.stdout);

  const cache = join(tmpdir(), "ctr-test-cache");
  mkdirSync(cache, { recursive: true });
  const key = createHash("sha256")
    .update(JSON.stringify([recipe, source]))
    .digest("hex")
    .slice(0, 16);
  const layer = join(cache, `nginx-${key}.tar`);
  if (existsSync(layer)) return layer;
  // A lock of the kernel's ends with its holder, so a killed test run leaves none behind.
  const make = 'test -e "$0" && exit 0; "$@" >"$0.part" && mv "$0.part" "$0"';
  const mmdebstrap = ["mmdebstrap", "--quiet", ...recipe, `--aptopt=${settingsFile}`, ...source];
  await runCommand(["flock", `${layer}.lock`, "sh", "-c", make, layer, ...mmdebstrap]);
  return layer;
}

async function suiteOfMachine(): Promise<string> {
  return (await runCommand(["sh", "-c", '. /etc/os-release && echo "$VERSION_CODENAME"'])).stdout.trim();
}

/** The files that name the machine's mirrors. None: mmdebstrap knows Debian's own. */
const sourcesOfMachine = (): string[] =>
  ["sources.list.d/debian.sources", "sources.list.d/ubuntu.sources", "sources.list"]
    .map((name) => join("/etc/apt", name))
    .filter((path) => existsSync(path) && /^(Types:|deb )/m.test(readFileSync(path, "utf8")))
    .slice(0, 1);
