/** Pulling from the real registry. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { runCommand } from "../../../lib/command.ts";
import {
  busyboxArchive,
  dockerArchive,
  type ImageRecipe,
  imageIdOf,
  tarOf,
  temporaryFile,
} from "../../support/images.ts";
import { REGISTRY_CREDENTIALS, Registry } from "../../support/registry.ts";
import { waitFor } from "../../support/wait.ts";
import { ImageFixture } from "./fixture.ts";

/** Three layers; the second is big enough to be interrupted. */
async function threeLayers(): Promise<ImageRecipe> {
  return {
    layers: [
      await tarOf([{ name: "first", content: "1" }]),
      await tarOf([{ name: "big", content: randomBytes(4 * 2 ** 20) }]),
      await tarOf([{ name: ".wh.first" }, { name: "third", content: "3" }]),
    ],
    config: { Cmd: ["/third"] },
  };
}

interface RegistryManifest {
  readonly layers: readonly { readonly digest: string }[];
}

async function manifestOf(registry: Registry, name: string, tag: string): Promise<RegistryManifest> {
  const accept = "application/vnd.docker.distribution.manifest.v2+json";
  const answer = await fetch(`http://${registry.host}/v2/${name}/manifests/${tag}`, { headers: { accept } });
  return (await answer.json()) as RegistryManifest;
}

describe("pull", () => {
  let registry: Registry;
  before(async () => {
    registry = await Registry.start();
  });
  after(() => registry[Symbol.asyncDispose]());

  it("brings an image with Docker's messages, and knows the second time that it is there", async () => {
    await using fixture = await ImageFixture.open();
    const recipe = await threeLayers();
    await registry.push(await dockerArchive({ ...recipe, tags: ["x:1"] }), "team/app:v1");
    const name = `${registry.host}/team/app:v1`;
    const image = await fixture.images.pull(name, fixture);
    assert.equal(image.id, imageIdOf(recipe));
    assert.deepEqual(image.repoTags, [name]);
    assert.deepEqual(image.config.Cmd, ["/third"]);
    assert.equal(image.size, 4 * 2 ** 20 + 2);
    const [digest = ""] = image.repoDigests;
    assert.match(digest, new RegExp(`^${registry.host}/team/app@sha256:[0-9a-f]{64}$`));
    assert.deepEqual(fixture.messages[0], { status: "Pulling from team/app", id: "v1" });
    assert.deepEqual(fixture.statuses().slice(-2), [
      `Digest: ${digest.slice(digest.indexOf("@") + 1)}`,
      `Status: Downloaded newer image for ${name}`,
    ]);
    const first = fixture.messages.filter(({ id }) => id === fixture.messages[1]?.id).map(({ status }) => status);
    for (const status of ["Pulling fs layer", "Verifying Checksum", "Download complete", "Pull complete"]) {
      assert.ok(first.includes(status), `${status} in ${first}`);
    }
    fixture.messages.length = 0;
    assert.deepEqual(await fixture.images.pull(name, fixture), image);
    assert.equal(fixture.statuses().filter((status) => status === "Already exists").length, 3);
    assert.equal(fixture.statuses().at(-1), `Status: Image is up to date for ${name}`);
    const byDigest = await fixture.images.pull(digest, fixture);
    assert.equal(byDigest.id, image.id);
    assert.equal(fixture.images.find(digest).id, image.id);
    assert.deepEqual(fixture.temporaryFiles(), []);
  });

  it("shares layers between images, and unpacks them once", async () => {
    await using fixture = await ImageFixture.open();
    const base = await threeLayers();
    const more = { ...base, layers: [...base.layers, await tarOf([{ name: "fourth" }])] };
    await registry.push(await dockerArchive({ ...base, tags: ["x:1"] }), "share/base:1");
    await registry.push(await dockerArchive({ ...more, tags: ["x:1"] }), "share/more:1");
    await fixture.images.pull(`${registry.host}/share/base:1`, fixture);
    fixture.messages.length = 0;
    await fixture.images.pull(`${registry.host}/share/more:1`, fixture);
    assert.equal(fixture.statuses().filter((status) => status === "Already exists").length, 3);
    assert.equal(fixture.layerDirectories().length, 4);
  });

  it("shares the work of pulls at the same time", async () => {
    await using fixture = await ImageFixture.open();
    await registry.push(await dockerArchive({ ...(await threeLayers()), tags: ["x:1"] }), "at/once:1");
    const name = `${registry.host}/at/once:1`;
    const images = await Promise.all(Array.from({ length: 4 }, () => fixture.images.pull(name, fixture)));
    assert.equal(new Set(images.map(({ id }) => id)).size, 1);
    assert.equal(fixture.statuses().filter((status) => status === "Download complete").length, 3);
    assert.equal(fixture.layerDirectories().length, 3);
  });

  it("chooses from an index what suits the platform, OCI and Docker alike", async () => {
    await using fixture = await ImageFixture.open();
    const digests: string[] = [];
    for (const architecture of ["amd64", "arm64"]) {
      const layers = [await tarOf([{ name: architecture }])];
      const archive = await dockerArchive({ layers, architecture, tags: ["x:1"] });
      await registry.push(archive, `multi/app:${architecture}`, ["--format", "oci"]);
      const accept = "application/vnd.oci.image.manifest.v1+json";
      const answer = await fetch(`http://${registry.host}/v2/multi/app/manifests/${architecture}`, {
        headers: { accept },
      });
      digests.push(answer.headers.get("docker-content-digest") ?? "");
    }
    const manifests = await Promise.all(
      ["amd64", "arm64"].map(async (architecture, index) => {
        const url = `http://${registry.host}/v2/multi/app/manifests/${digests[index]}`;
        const mediaType = "application/vnd.oci.image.manifest.v1+json";
        const { length: size } = await (await fetch(url, { headers: { accept: mediaType } })).text();
        return { mediaType, digest: digests[index], size, platform: { os: "linux", architecture } };
      }),
    );
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const put = await fetch(`http://${registry.host}/v2/multi/app/manifests/all`, {
      method: "PUT",
      headers: { "content-type": mediaType },
      body: JSON.stringify({ schemaVersion: 2, mediaType, manifests }),
    });
    assert.equal(put.status, 201, await put.text());
    const name = `${registry.host}/multi/app:all`;
    for (const architecture of ["arm64", "amd64"]) {
      const image = await fixture.images.pull(name, { ...fixture, platform: { os: "linux", architecture } });
      assert.equal(image.platform.architecture, architecture);
    }
    await assert.rejects(fixture.images.pull(name, { ...fixture, platform: { os: "linux", architecture: "s390x" } }), {
      message: "no matching manifest for linux/s390x in the manifest list entries",
      status: 404,
    });
  });

  it("answers with Docker's texts when there is no such image, or no registry", async () => {
    await using fixture = await ImageFixture.open();
    const { host } = registry;
    await assert.rejects(fixture.images.pull(`${host}/no/such`, fixture), {
      message: `manifest for ${host}/no/such:latest not found: manifest unknown: manifest unknown`,
      status: 404,
    });
    await assert.rejects(fixture.images.pull("127.0.0.1:1/busybox", fixture), {
      message: 'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
      status: 500,
    });
    await assert.rejects(fixture.images.pull("Busybox", fixture), { status: 400 });
    assert.deepEqual(fixture.layerDirectories(), []);
  });

  it("asks with credentials where the registry wants them", async () => {
    await using fixture = await ImageFixture.open();
    await using guarded = await Registry.start({ auth: true });
    await guarded.push(await busyboxArchive(), "private/busybox:1");
    const name = `${guarded.host}/private/busybox:1`;
    await assert.rejects(fixture.images.pull(name, fixture), {
      message: `pull access denied for ${guarded.host}/private/busybox, repository does not exist or may require 'docker login': unauthorized: authentication required`,
      status: 404,
    });
    const wrong = { ...REGISTRY_CREDENTIALS, password: "wrong" };
    await assert.rejects(fixture.images.pull(name, { ...fixture, credentials: wrong }), { status: 401 });
    const image = await fixture.images.pull(name, { ...fixture, credentials: REGISTRY_CREDENTIALS });
    assert.deepEqual(image.repoTags, [name]);
  });

  it("asks a registry of this machine over TLS when that is what it speaks", async () => {
    await using fixture = await ImageFixture.open();
    await using secure = await Registry.start({ tls: true });
    await secure.push(await busyboxArchive(), "library/busybox:1");
    const name = `${secure.host}/library/busybox:1`;
    assert.deepEqual((await fixture.images.pull(name, fixture)).repoTags, [name]);
  });

  it("keeps nothing of an image with a damaged layer", async () => {
    await using fixture = await ImageFixture.open();
    await registry.push(await dockerArchive({ ...(await threeLayers()), tags: ["x:1"] }), "damaged/app:1");
    const { layers } = await manifestOf(registry, "damaged/app", "1");
    const digest = layers[1]?.digest ?? "";
    const bytes = readFileSync(registry.blobPath(digest));
    bytes[1000] = (bytes[1000] ?? 0) ^ 1;
    writeFileSync(registry.blobPath(digest), bytes);
    await assert.rejects(fixture.images.pull(`${registry.host}/damaged/app:1`, fixture), {
      message: `filesystem layer verification failed for digest ${digest}`,
      status: 500,
    });
    assert.deepEqual(fixture.layerDirectories(), []);
    assert.deepEqual(fixture.temporaryFiles(), []);
    assert.deepEqual(fixture.images.list(), []);
  });

  it("keeps nothing of an image whose layers are not those of its configuration", async () => {
    await using fixture = await ImageFixture.open();
    await using server = await FakeRegistry.start({
      blobs: [await tarOf([{ name: "a" }])],
      diffIds: [await tarOf([{ name: "b" }])],
    });
    await assert.rejects(fixture.images.pull(`${server.host}/a:1`, fixture), {
      message: /^digest mismatch: the uncompressed layer should be sha256:.* and is sha256:/,
    });
    assert.deepEqual(fixture.layerDirectories(), []);
  });

  it("resumes a download whose connection broke, and follows redirects without the credentials", async () => {
    await using fixture = await ImageFixture.open();
    const layer = await tarOf([{ name: "big", content: randomBytes(2 ** 20) }]);
    await using server = await FakeRegistry.start({ blobs: [layer], breaks: 2, redirect: true, token: "t0ken" });
    const image = await fixture.images.pull(`${server.host}/a:1`, fixture);
    assert.equal(image.size, 2 ** 20);
    assert.equal(server.ranges.length, 3);
    assert.deepEqual(server.ranges[0], undefined);
    assert.match(server.ranges[2] ?? "", /^bytes=\d{6}\d*-$/);
    assert.deepEqual(server.foreignAuthorizations, [undefined, undefined, undefined]);
    assert.ok(fixture.statuses().includes("Retrying in 1 second"));
  });

  it("leaves nothing when it is aborted, and other pulls of the same image alone", async () => {
    await using fixture = await ImageFixture.open();
    const layer = await tarOf([{ name: "big", content: randomBytes(2 ** 20) }]);
    await using server = await FakeRegistry.start({ blobs: [layer], stallsUntilReleased: true });
    const abort = new AbortController();
    const reason = new Error("the client has gone");
    const doomed = fixture.images.pull(`${server.host}/a:1`, { ...fixture, signal: abort.signal });
    await waitFor("the download to begin", () => fixture.statuses().includes("Downloading"));
    const other = fixture.images.pull(`${server.host}/a:1`, fixture);
    abort.abort(reason);
    await assert.rejects(doomed, reason);
    assert.deepEqual(fixture.images.list(), []);
    server.release();
    assert.equal((await other).size, 2 ** 20);
    await fixture.images.remove(`${server.host}/a:1`, { force: false, inUse: () => undefined });
    const alone = new AbortController();
    server.stall();
    const lonely = fixture.images.pull(`${server.host}/a:1`, { ...fixture, signal: alone.signal });
    await waitFor("the download to begin", () => fixture.temporaryFiles().length === 1);
    alone.abort(reason);
    await assert.rejects(lonely, reason);
    assert.deepEqual(fixture.layerDirectories(), []);
    assert.deepEqual(fixture.temporaryFiles(), []);
  });

  it("unpacks what skopeo and the system's tar unpack", async () => {
    await using fixture = await ImageFixture.open();
    await registry.push(await busyboxArchive(), "library/busybox:1");
    await fixture.images.pull(`${registry.host}/library/busybox:1`, fixture);
    const directory = temporaryFile("skopeo");
    const source = `docker://${registry.host}/library/busybox:1`;
    await runCommand([
      "skopeo",
      "--insecure-policy",
      "copy",
      "--quiet",
      "--src-tls-verify=false",
      source,
      `dir:${directory}`,
    ]);
    const manifest = JSON.parse(readFileSync(`${directory}/manifest.json`, "utf8")) as RegistryManifest;
    const layer = `${directory}/${manifest.layers[0]?.digest.slice(7)}`;
    await runCommand(["sh", "-ec", `mkdir ${directory}/root && tar -C ${directory}/root -xpzf ${layer}`]);
    const list = "find . -mindepth 1 -printf '%y %m %U:%G %p -> %l\\n' | sort";
    const found = await runCommand(["sh", "-c", list], { cwd: fixture.layer(`${registry.host}/library/busybox:1`, 0) });
    assert.equal(found.stdout, (await runCommand(["sh", "-c", list], { cwd: `${directory}/root` })).stdout);
  });
});

interface FakeOptions {
  /** Uncompressed layers as served. */
  readonly blobs: readonly Buffer[];
  /** Layers that the configuration names, when they are others. */
  readonly diffIds?: readonly Buffer[];
  /** How many answers with a blob break off after a quarter of what is asked. */
  readonly breaks?: number;
  readonly redirect?: boolean;
  /** Ask for this bearer token. */
  readonly token?: string;
  readonly stallsUntilReleased?: boolean;
}

const sha = (bytes: Buffer | string): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A registry that misbehaves as told. The blobs come from a second port when it redirects. */
class FakeRegistry implements AsyncDisposable {
  readonly #options: FakeOptions;
  readonly #servers = [
    createServer((call, answer) => this.#answer(call, answer)),
    createServer((call, answer) => this.#storage(call, answer)),
  ] as const;
  /** `Range` of each request for a blob of a layer. */
  readonly ranges: (string | undefined)[] = [];
  readonly foreignAuthorizations: (string | undefined)[] = [];
  #breaks: number;
  #stalled: boolean;
  readonly #waiting: (() => void)[] = [];

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.#breaks = options.breaks ?? 0;
    this.#stalled = options.stallsUntilReleased ?? false;
  }

  static async start(options: FakeOptions): Promise<FakeRegistry> {
    const registry = new FakeRegistry(options);
    for (const server of registry.#servers) {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
    }
    return registry;
  }

  get host(): string {
    return `127.0.0.1:${this.#port(0)}`;
  }

  stall(): void {
    this.#stalled = true;
  }

  release(): void {
    this.#stalled = false;
    for (const go of this.#waiting.splice(0)) go();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }

  #port(index: 0 | 1): number {
    return (this.#servers[index].address() as AddressInfo).port;
  }

  get #config(): string {
    const diffIds = (this.#options.diffIds ?? this.#options.blobs).map(sha);
    return JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: diffIds } });
  }

  #answer(call: IncomingMessage, answer: ServerResponse): void {
    const { pathname, searchParams } = new URL(call.url ?? "/", "http://x");
    const { token, redirect } = this.#options;
    if (pathname === "/token") {
      assert.equal(searchParams.get("scope"), "repository:a:pull");
      answer.end(JSON.stringify({ token }));
    } else if (token !== undefined && call.headers.authorization !== `Bearer ${token}`) {
      const challenge = `Bearer realm="http://${this.host}/token",service="fake"`;
      answer.writeHead(401, { "www-authenticate": challenge }).end();
    } else if (pathname === "/v2/") {
      answer.end("{}");
    } else if (pathname.startsWith("/v2/a/manifests/")) {
      const layers = this.#options.blobs.map((blob) => ({ mediaType: "", digest: sha(blob), size: blob.length }));
      const config = { mediaType: "", digest: sha(this.#config), size: this.#config.length };
      answer.end(JSON.stringify({ schemaVersion: 2, config, layers }));
    } else if (pathname.endsWith(sha(this.#config))) {
      answer.end(this.#config);
    } else if (redirect === true) {
      answer.writeHead(307, { location: `http://127.0.0.1:${this.#port(1)}${pathname}` }).end();
    } else {
      this.#storage(call, answer);
    }
  }

  #storage(call: IncomingMessage, answer: ServerResponse): void {
    this.ranges.push(call.headers.range);
    this.foreignAuthorizations.push(call.headers.authorization);
    const blob = this.#options.blobs.find((bytes) => call.url?.endsWith(sha(bytes))) ?? Buffer.alloc(0);
    const start = Number(/bytes=(\d+)-/.exec(call.headers.range ?? "")?.[1] ?? 0);
    const rest = blob.subarray(start);
    answer.writeHead(start > 0 ? 206 : 200, { "content-length": rest.length });
    const quarter = rest.subarray(0, rest.length / 4);
    if (this.#breaks > 0) {
      this.#breaks--;
      answer.write(quarter, () => answer.destroy());
    } else if (this.#stalled) {
      answer.write(quarter);
      this.#waiting.push(() => answer.end(rest.subarray(quarter.length)));
    } else {
      answer.end(rest);
    }
  }
}
