import assert from "node:assert/strict";
import { parseReference } from "../../../runtime/image/reference.ts";
import { parseChallenge } from "../../../runtime/image/registry/authorization.ts";
import { endpointsOf } from "../../../runtime/image/registry/endpoint.ts";
import { connectionFailure, pullFailure, registryError } from "../../../runtime/image/registry/failures.ts";

describe("registry endpoints", () => {
  const bases = (domain: string, insecure: readonly string[] = []): string[] =>
    endpointsOf(domain, insecure).map(({ base }) => base);

  it("asks over HTTPS, and the hub at its own host", () => {
    assert.deepEqual(bases("docker.io"), ["https://registry-1.docker.io"]);
    assert.deepEqual(bases("ghcr.io"), ["https://ghcr.io"]);
    assert.deepEqual(bases("128.0.0.1:5000"), ["https://128.0.0.1:5000"]);
  });

  it("asks the machine's own registries over HTTP first", () => {
    for (const host of ["localhost", "localhost:5000", "127.0.0.1:5000", "127.9.9.9", "[::1]:5000"]) {
      assert.equal(bases(host)[0], `http://${host}`);
    }
  });

  it("knows the registries that the user calls insecure", () => {
    assert.equal(bases("reg.example:5000", ["reg.example:5000"])[0], "http://reg.example:5000");
    assert.equal(bases("reg.example:5001", ["reg.example:5000"])[0], "https://reg.example:5001");
    assert.equal(bases("10.1.2.3:80", ["10.1.0.0/16"])[0], "http://10.1.2.3:80");
    assert.equal(bases("10.2.2.3:80", ["10.1.0.0/16"])[0], "https://10.2.2.3:80");
    assert.equal(bases("10.2.2.3", ["0.0.0.0/0"])[0], "http://10.2.2.3");
  });
});

describe("challenges", () => {
  it("reads quoted values with commas", () => {
    const header = 'Bearer realm="https://auth.example/token?x=1",service="reg, istry",scope="repository:a:pull,push"';
    assert.deepEqual(parseChallenge(header), {
      scheme: "bearer",
      parameters: { realm: "https://auth.example/token?x=1", service: "reg, istry", scope: "repository:a:pull,push" },
    });
    assert.deepEqual(parseChallenge("Basic realm=plain"), { scheme: "basic", parameters: { realm: "plain" } });
    assert.deepEqual(parseChallenge(""), { scheme: "", parameters: {} });
  });
});

describe("registry failures", () => {
  const reference = parseReference("127.0.0.1:5000/a/b:1");
  const texts = (status: number, code: string, message: string): { text: string; status: number } => {
    const error = registryError(status, JSON.stringify({ errors: [{ code, message }] }), "http://x/v2/");
    const failure = pullFailure(error, reference, false) as { message: string; status: number };
    return { text: failure.message, status: failure.status };
  };

  it("has Docker's texts", () => {
    assert.deepEqual(texts(404, "MANIFEST_UNKNOWN", "manifest unknown"), {
      text: "manifest for 127.0.0.1:5000/a/b:1 not found: manifest unknown: manifest unknown",
      status: 404,
    });
    assert.deepEqual(texts(404, "NAME_UNKNOWN", "repository name not known to registry"), {
      text: "repository 127.0.0.1:5000/a/b not found: name unknown: repository name not known to registry",
      status: 404,
    });
    assert.deepEqual(texts(403, "DENIED", "requested access to the resource is denied"), {
      text: "pull access denied for 127.0.0.1:5000/a/b, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
      status: 404,
    });
    assert.deepEqual(texts(500, "UNKNOWN", "unknown error"), { text: "unknown: unknown error", status: 500 });
  });

  it("calls a token without the right denied, as Docker does", () => {
    const error = registryError(401, "", "http://x/v2/", true);
    assert.equal(error.message, "denied: requested access to the resource is denied");
  });

  it("words connection failures as Go does", () => {
    const refused = Object.assign(new Error("x"), { code: "ECONNREFUSED", address: "127.0.0.1", port: 5000 });
    const url = "http://127.0.0.1:5000/v2/";
    const text = 'Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused';
    assert.equal(connectionFailure(refused, "GET", url).message, text);
    assert.equal(connectionFailure(new AggregateError([refused]), "GET", url).message, text);
    const unknown = Object.assign(new Error("x"), { code: "ENOTFOUND", hostname: "no.where" });
    assert.equal(
      connectionFailure(unknown, "GET", "https://no.where/v2/").message,
      'Get "https://no.where/v2/": dial tcp: lookup no.where: no such host',
    );
  });
});
