import assert from "node:assert/strict";
import { parseImageConfig, requireLinux } from "../../../runtime/image/image-config.ts";
import { isIndex, parseManifest } from "../../../runtime/image/manifest.ts";
import { choosePlatform, platformString } from "../../../runtime/image/platform.ts";
import type { Platform } from "../../../runtime/types.ts";

const digest = `sha256:${"ab".repeat(32)}`;
const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: 2 };
const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest, size: 3 };

describe("manifests", () => {
  it("reads manifests and indexes by their media type or shape", () => {
    const manifest = parseManifest(JSON.stringify({ schemaVersion: 2, config, layers: [layer] }), "");
    assert.ok(!isIndex(manifest));
    assert.equal(manifest.layers[0]?.size, 3);
    const platform = { os: "linux", architecture: "arm", variant: "v7" };
    const index = parseManifest(
      JSON.stringify({ schemaVersion: 2, manifests: [{ ...layer, platform }] }),
      "text/plain",
    );
    assert.ok(isIndex(index));
    assert.deepEqual(index.manifests[0]?.platform, platform);
  });

  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    ["no object", [], /invalid image manifest/],
    ["no layers", { config }, /"layers" is not a list/],
    ["a descriptor without size", { config, layers: [{ digest }] }, /no digest or no size/],
    ["a digest that is none", { config: { ...config, digest: "sha256:../../x" }, layers: [] }, /digest/],
    ["schema 1", { schemaVersion: 1 }, /schema 1 is not supported/],
    ["a chart", { config: { ...config, mediaType: "application/vnd.cncf.helm.config.v1+json" }, layers: [] }, /helm/],
  ];
  for (const [what, document, message] of refused) {
    it(`refuses ${what}`, () => assert.throws(() => parseManifest(JSON.stringify(document), ""), { message }));
  }
  it("refuses what is no JSON", () => assert.throws(() => parseManifest("<html>", ""), { message: /not valid JSON/ }));
});

describe("platforms", () => {
  const of = (text: string): { readonly platform: Platform } => {
    const [os = "", architecture = "", variant] = text.split("/");
    return { platform: { os, architecture, ...(variant === undefined ? {} : { variant }) } };
  };
  const choose = (wanted: string, ...offered: readonly string[]): string | undefined => {
    const chosen = choosePlatform(offered.map(of), of(wanted).platform);
    return chosen === undefined ? undefined : platformString(chosen.platform);
  };

  it("chooses the best variant that the host can run", () => {
    assert.equal(choose("linux/amd64", "linux/arm64", "linux/amd64", "windows/amd64"), "linux/amd64");
    assert.equal(choose("linux/arm/v7", "linux/arm/v5", "linux/arm/v7", "linux/arm/v6"), "linux/arm/v7");
    assert.equal(choose("linux/arm/v6", "linux/arm/v7", "linux/arm/v5", "linux/arm/v6"), "linux/arm/v6");
    assert.equal(choose("linux/arm/v6", "linux/arm/v7"), undefined);
    assert.equal(choose("linux/arm64", "linux/arm64/v8"), "linux/arm64/v8");
    assert.equal(choose("linux/amd64", "linux/amd64/v3", "linux/amd64"), "linux/amd64");
    assert.equal(choose("linux/amd64", "unknown/unknown"), undefined);
  });
});

describe("image configurations", () => {
  it("reads what the engine needs, and its defaults", () => {
    const read = parseImageConfig(JSON.stringify({ architecture: "amd64", rootfs: { diff_ids: [digest] } }));
    assert.deepEqual(read.platform, { os: "linux", architecture: "amd64" });
    assert.equal(read.created, "0001-01-01T00:00:00Z");
    assert.deepEqual(read.diffIds, [digest]);
    assert.deepEqual(read.config, {});
  });

  it("takes the comment of the last step of the history", () => {
    const history = [{ comment: "first" }, { comment: "last" }];
    assert.equal(parseImageConfig(JSON.stringify({ rootfs: { diff_ids: null }, history })).comment, "last");
  });

  it("refuses documents without layers, and foreign systems", () => {
    assert.throws(() => parseImageConfig("{}"), { message: /no rootfs.diff_ids/ });
    const windows = parseImageConfig(JSON.stringify({ os: "windows", rootfs: { diff_ids: [] } }));
    assert.throws(() => requireLinux(windows), { message: /operating system "windows" cannot be used/ });
  });
});
