import assert from "node:assert/strict";
import fc from "fast-check";
import {
  familiarName,
  familiarString,
  parseReference,
  referenceOfRepository,
  repositoryOf,
  withDefaultTag,
} from "../../../runtime/image/reference.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("image references", () => {
  const completed: Readonly<Record<string, string>> = {
    busybox: "docker.io/library/busybox",
    "busybox:1.36": "docker.io/library/busybox:1.36",
    "docker.io/busybox": "docker.io/library/busybox",
    "index.docker.io/busybox": "docker.io/library/busybox",
    "index.docker.io/a/b": "docker.io/a/b",
    "library/busybox": "docker.io/library/busybox",
    "user/app:v1": "docker.io/user/app:v1",
    "localhost/app": "localhost/app",
    "localhost:5000/app": "localhost:5000/app",
    "127.0.0.1:5000/a/b/c:x": "127.0.0.1:5000/a/b/c:x",
    "[::1]:5000/app": "[::1]:5000/app",
    "ghcr.io/x/y": "ghcr.io/x/y",
    "UPPER/app": "UPPER/app",
    "a__b/c-d.e": "docker.io/a__b/c-d.e",
    [`busybox@${digest}`]: `docker.io/library/busybox@${digest}`,
    [`busybox:1@${digest}`]: `docker.io/library/busybox:1@${digest}`,
  };
  for (const [text, expected] of Object.entries(completed)) {
    it(`reads ${text}`, () => {
      const { tag, digest: content, ...name } = parseReference(text);
      const whole = `${repositoryOf(name)}${tag === undefined ? "" : `:${tag}`}${content === undefined ? "" : `@${content}`}`;
      assert.equal(whole, expected);
    });
  }

  const refused: Readonly<Record<string, string>> = {
    "": "invalid reference format",
    ":latest": "invalid reference format",
    "busybox:": "invalid reference format",
    "busybox: x": "invalid reference format",
    "-a": "invalid reference format",
    "a//b": "invalid reference format",
    a___b: "invalid reference format",
    "a..b": "invalid reference format",
    "https://example.com/a": "invalid reference format",
    "a/b@sha256:12": "invalid reference format",
    Busybox: "invalid reference format: repository name (library/Busybox) must be lowercase",
    "ghcr.io/User/app:1": "invalid reference format: repository name (User/app) must be lowercase",
    [`busybox:${"x".repeat(129)}`]: "invalid reference format",
    ["a/".repeat(140)]: "invalid reference format",
    [`${"a/".repeat(140)}b`]: "invalid reference format: repository name must not be more than 255 characters",
    ["f".repeat(64)]: `invalid repository name (${"f".repeat(64)}), cannot specify 64-byte hexadecimal strings`,
    [`busybox@sha512:${"a".repeat(128)}`]: "unsupported digest algorithm",
    [`busybox@sha256:${"a".repeat(40)}`]: "invalid checksum digest length",
    [`busybox@sha256:${"A".repeat(64)}`]: "invalid checksum digest format",
  };
  for (const [text, message] of Object.entries(refused)) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.throws(() => parseReference(text), { message, status: 400 });
    });
  }

  it("adds the tag latest only where there is neither tag nor digest", () => {
    assert.equal(familiarString(withDefaultTag(parseReference("busybox"))), "busybox:latest");
    assert.equal(familiarString(withDefaultTag(parseReference("busybox:1"))), "busybox:1");
    assert.equal(familiarString(withDefaultTag(parseReference(`busybox@${digest}`))), `busybox@${digest}`);
  });

  it("shows names as people write them", () => {
    assert.equal(familiarName(parseReference("docker.io/library/busybox")), "busybox");
    assert.equal(familiarName(parseReference("docker.io/library/a/b")), "library/a/b");
    assert.equal(familiarName(parseReference("docker.io/user/app")), "user/app");
    assert.equal(familiarName(parseReference("localhost:5000/library/app")), "localhost:5000/library/app");
  });

  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const component = fc.tuple(word, fc.constantFrom(".", "_", "__", "-", "---"), word).map((parts) => parts.join(""));
  const path = fc.array(fc.oneof(word, component), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const domain = fc.constantFrom("", "docker.io/", "localhost/", "localhost:5000/", "a.example.com/", "10.0.0.1:80/");
  const tag = fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/), { nil: undefined });
  const content = fc.option(
    fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`),
    { nil: undefined },
  );

  it("has one familiar form, which means the same", () => {
    fc.assert(
      fc.property(domain, path, tag, content, (domainText, pathText, tagText, digestText) => {
        // Sixty-four hex digits alone are an id.
        fc.pre(!/^[0-9a-f]{64}$/.test(domainText + pathText));
        // On the hub, a first component that looks like a host is ambiguous in the familiar form, for Docker as well.
        fc.pre(domainText !== "docker.io/" || !/^(?:[^/]*\.|localhost\/)/.test(pathText));
        const text = `${domainText}${pathText}${tagText === undefined ? "" : `:${tagText}`}${digestText === undefined ? "" : `@${digestText}`}`;
        const reference = parseReference(text);
        assert.deepEqual(parseReference(familiarString(reference)), reference);
        const { tag: _, digest: __, ...name } = reference;
        assert.deepEqual(referenceOfRepository(repositoryOf(reference)), name);
      }),
    );
  });

  it("reads or refuses any text, and never fails otherwise", () => {
    const nearly = fc.string({
      unit: fc.constantFrom("a", "B", "0", "/", ":", "@", ".", "-", "_", " ", "é"),
      maxLength: 80,
    });
    fc.assert(
      fc.property(nearly, (text) => {
        try {
          assert.match(repositoryOf(parseReference(text)), /^[^/]+\/[a-z0-9]/);
        } catch (error) {
          assert.equal((error as { status?: number }).status, 400, String(error));
        }
      }),
    );
  });
});
