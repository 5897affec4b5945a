import assert from "node:assert/strict";
import fc from "fast-check";
import type { ContainerSummary, ImageSummary } from "../../../bin/cli/client/types.ts";
import { goTime } from "../../../bin/cli/format/ages.ts";
import { CONTAINER_HEADINGS, containerColumns, containerRow } from "../../../bin/cli/format/containers.ts";
import { IMAGE_HEADINGS, imageColumns, imageRows } from "../../../bin/cli/format/images.ts";
import { networkRow } from "../../../bin/cli/format/networks.ts";
import { renderObjects } from "../../../bin/cli/format/object.ts";
import { displayPorts } from "../../../bin/cli/format/ports.ts";
import { renderRows } from "../../../bin/cli/format/rows.ts";
import { alignColumns } from "../../../bin/cli/format/table.ts";

const SECOND = Math.trunc(Date.now() / 1000);

const CONTAINER: ContainerSummary = {
  Id: "8f67da5164bbb1b59e9c1e63729a77ef3dc3e5556dca771f3399d47b7f50358a",
  Names: ["/web", "/other/alias"],
  Image: "busybox",
  ImageID: "sha256:c97a2300aaf77ea9728176da1f44b231e58ee3a01a6369e3c29a700e888cbd43",
  Command: "sh -c 'echo one; sleep 3000'",
  Created: SECOND - 125,
  State: "running",
  Status: "Up 2 minutes",
  Ports: [{ PrivatePort: 80, PublicPort: 8080, IP: "0.0.0.0", Type: "tcp" }],
  Labels: { "com.x/tier": "front", a: "b" },
  Mounts: [{ Type: "bind", Source: "/a/very/long/path" }],
  NetworkSettings: { Networks: { bridge: {} } },
};

const IMAGE: ImageSummary = {
  Id: "sha256:c97a2300aaf77ea9728176da1f44b231e58ee3a01a6369e3c29a700e888cbd43",
  RepoTags: ["busybox:latest", "127.0.0.1:5000/box:1"],
  RepoDigests: ["127.0.0.1:5000/box@sha256:72de4149eeb0956e618d57689a9243d6c7257e533a0ed36a769aac248bcae560"],
  Created: SECOND - 7200,
  Size: 1_985_512,
};

describe("tables", () => {
  it("have columns of at least 10, and 3 spaces behind the widest cell", () => {
    assert.equal(
      alignColumns([
        ["A", "B", "C"],
        ["longer cell", "", "x"],
      ]),
      "A             B         C\nlonger cell             x\n",
    );
  });

  it("count characters, not bytes or UTF-16 units", () => {
    assert.equal(
      alignColumns([
        ["sleep… 😀 it", "x"],
        ["123456789012", "y"],
      ]),
      "sleep… 😀 it    x\n123456789012   y\n",
    );
  });

  it("begin every column at one place", () => {
    const cell = fc.stringMatching(/^[a-z]{0,20}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, fc.constant("|")), { minLength: 1 }), (rows) => {
        const places = alignColumns(rows)
          .trimEnd()
          .split("\n")
          .map((line) => line.indexOf("|"));
        assert.equal(new Set(places).size, 1);
      }),
    );
  });
});

describe("ctr ps", () => {
  const list = { format: undefined, columns: containerColumns(false), headings: CONTAINER_HEADINGS };
  const row = containerRow(CONTAINER, false);

  it("has docker's table", () => {
    assert.equal(
      renderRows([row], list),
      [
        "CONTAINER ID   IMAGE     COMMAND                  CREATED         STATUS         PORTS                  NAMES\n",
        `8f67da5164bb   busybox   "sh -c 'echo one; sl…"   2 minutes ago   Up 2 minutes   0.0.0.0:8080->80/tcp   web\n`,
      ].join(""),
    );
  });

  it("shows values whole when asked", () => {
    const whole = containerRow(CONTAINER, true);
    assert.deepEqual(
      [whole["ID"], whole["Command"], whole["Names"], whole["Mounts"]],
      [CONTAINER.Id, `"sh -c 'echo one; sleep 3000'"`, "web,other/alias", "/a/very/long/path"],
    );
    assert.equal(row["Mounts"], "/a/very/long/p…");
  });

  it("shows an image by its short id when it has lost its name, and without digest", () => {
    const named = (Image: string) => containerRow({ ...CONTAINER, Image }, false)["Image"];
    assert.equal(named(CONTAINER.ImageID), "c97a2300aaf7");
    assert.equal(named("c97a2300aaf7"), "c97a2300aaf7");
    assert.equal(named("box:1@sha256:72de"), "box:1");
    assert.equal(named("box@sha256:72de"), "box@sha256:72de");
    assert.equal(named(""), "<no image>");
  });

  it("prints JSON by sorted name with Go's escapes, whole or as a template's", () => {
    const [line = ""] = renderRows([row], { ...list, format: "json" }).split("\n");
    const value = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual(Object.keys(value), Object.keys(value).toSorted());
    assert.equal(value["Names"], "web");
    assert.ok(!("Label" in value));
    assert.match(line, /8080-\\u003e80/);
    assert.equal(renderRows([row], { ...list, format: "{{json .}}" }).trimEnd(), line);
    assert.equal(renderRows([row], { ...list, format: "{{json .Ports}}" }), '"0.0.0.0:8080->80/tcp"\n');
  });

  it("fills templates, also as tables of their own", () => {
    const filled = (format: string) => renderRows([row], { ...list, format });
    assert.equal(filled("{{.Names}}: {{.Label `a`}}"), "web: b\n");
    assert.equal(filled("{{.Names}}\\t{{.ID}}"), "web\t8f67da5164bb\n");
    assert.equal(filled('table {{.Names}}\\t{{.Label "com.x/tier"}}'), "NAMES     x/tier\nweb       front\n");
    assert.equal(filled("table"), renderRows([row], list));
    assert.throws(() => filled("{{.Nmaes}}"), /Did you mean \.Names\?/);
  });

  it("is only a heading without containers, and nothing as JSON", () => {
    assert.match(renderRows([], list), /^CONTAINER ID {3}IMAGE/);
    assert.equal(renderRows([], { ...list, format: "json" }), "");
  });
});

describe("the ports of ctr ps", () => {
  const port = (PrivatePort: number, PublicPort?: number, IP?: string, Type = "tcp") => ({
    PrivatePort,
    Type,
    ...(PublicPort === undefined ? {} : { PublicPort }),
    ...(IP === undefined ? {} : { IP }),
  });

  it("stand together where they follow each other", () => {
    const range = [7002, 7000, 7001].map((number) => port(number, number, "0.0.0.0"));
    assert.equal(
      displayPorts([port(80, 8080, "0.0.0.0"), ...range, port(53, undefined, undefined, "udp"), port(90, 9000, "::")]),
      "53/udp, 0.0.0.0:7000-7002->7000-7002/tcp, 0.0.0.0:8080->80/tcp, [::]:9000->90/tcp",
    );
  });

  it("break where one is missing", () => {
    assert.equal(displayPorts([1, 2, 4, 5, 9].map((number) => port(number))), "1-2/tcp, 4-5/tcp, 9/tcp");
  });

  it("lose none", () => {
    const one = fc.record({ number: fc.integer({ min: 1, max: 40 }), udp: fc.boolean() });
    fc.assert(
      fc.property(fc.uniqueArray(one, { selector: ({ number, udp }) => `${number}${udp}` }), (ports) => {
        const text = displayPorts(
          ports.map(({ number, udp }) => port(number, undefined, undefined, udp ? "udp" : "tcp")),
        );
        const shown = text.split(", ").filter(Boolean).flatMap(spread);
        assert.deepEqual(
          shown.toSorted(),
          ports.map(({ number, udp }) => `${number}/${udp ? "udp" : "tcp"}`).toSorted(),
        );
      }),
    );
  });
});

/** `1-3/tcp` → its ports. */
function spread(group: string): string[] {
  const [, first, last = first, type] = /^(\d+)(?:-(\d+))?\/(\w+)$/.exec(group) ?? [];
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => `${Number(first) + index}/${type}`);
}

describe("ctr images", () => {
  const rowsOf = (image: ImageSummary, digests = false) => imageRows(image, { full: false, digests });

  it("has docker's table, a line a name", () => {
    const list = { format: undefined, columns: imageColumns(false), headings: IMAGE_HEADINGS };
    assert.equal(
      renderRows(rowsOf(IMAGE), list),
      [
        "REPOSITORY           TAG       IMAGE ID       CREATED       SIZE",
        "busybox              latest    c97a2300aaf7   2 hours ago   1.99MB",
        "127.0.0.1:5000/box   1         c97a2300aaf7   2 hours ago   1.99MB\n",
      ].join("\n"),
    );
  });

  it("shows digests beside the names they belong to", () => {
    const shown = rowsOf(IMAGE, true).map(({ Repository, Digest }) => [Repository, String(Digest).slice(0, 11)]);
    assert.deepEqual(shown, [
      ["busybox", "<none>"],
      ["127.0.0.1:5000/box", "sha256:72de"],
    ]);
  });

  it("shows an image without a name as <none>, one with a digest alone by its repository", () => {
    const names = (image: ImageSummary) => rowsOf(image).map(({ Repository, Tag }) => [Repository, Tag]);
    assert.deepEqual(names({ ...IMAGE, RepoTags: null, RepoDigests: null }), [["<none>", "<none>"]]);
    assert.deepEqual(names({ ...IMAGE, RepoTags: ["<none>:<none>"], RepoDigests: [] }), [["<none>", "<none>"]]);
    assert.deepEqual(names({ ...IMAGE, RepoTags: [] }), [["127.0.0.1:5000/box", "<none>"]]);
  });
});

describe("ctr net ls", () => {
  it("has docker's fields", () => {
    const network = {
      Id: "0ad97b4cbaa0035dc0913db60df91e446c8e0cc8f20a4b3bd9f2b8666174cff9",
      Name: "bridge",
      Created: "2026-11-24T11:43:16.009198029Z",
      Driver: "bridge",
      Scope: "local",
      Internal: false,
      EnableIPv6: false,
      Labels: { a: "b" },
    };
    const { Label: _, ...row } = networkRow(network, false);
    assert.deepEqual(row, {
      ID: "0ad97b4cbaa0",
      Name: "bridge",
      Driver: "bridge",
      Scope: "local",
      IPv4: "false",
      IPv6: "false",
      Internal: "false",
      Labels: "a=b",
      CreatedAt: "2026-11-24 11:43:16.009198029 +0000 UTC",
    });
  });
});

describe("inspect", () => {
  it("prints indented JSON, JSON in one line, or a template an object", () => {
    assert.equal(renderObjects([], undefined), "[]\n");
    assert.equal(renderObjects([{ A: 1 }], undefined), '[\n    {\n        "A": 1\n    }\n]\n');
    assert.equal(renderObjects([{ A: 1 }, { A: 2 }], "json"), '[{"A":1},{"A":2}]\n');
    assert.equal(renderObjects([{ A: 1 }, { A: 2 }], "{{.A}}"), "1\n2\n");
  });
});

describe("times", () => {
  it("are Go's, in the zone of the user", () => {
    const zone = process.env["TZ"];
    try {
      process.env["TZ"] = "UTC";
      assert.equal(goTime(Date.UTC(2026, 10, 24, 11, 46, 21)), "2026-11-24 11:46:21 +0000 UTC");
      process.env["TZ"] = "Asia/Kolkata";
      assert.match(goTime(Date.UTC(2026, 10, 24, 11, 46, 21)), /^2026-11-24 17:16:21 \+0530 /);
    } finally {
      if (zone === undefined) delete process.env["TZ"];
      else process.env["TZ"] = zone;
    }
  });
});
