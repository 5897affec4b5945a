import { deepEqual, equal, throws } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readInRoot } from "../../../runtime/oci/root-files.ts";
import { resolveUser } from "../../../runtime/oci/user.ts";

const PASSWD = `root:x:0:0:root:/root:/bin/sh
# a comment
web:x:33:34:web:/var/www:/bin/false
twin:x:33:99::/twin:
broken:x:abc:1

1000:x:5:5:a number as a name:/n:
`;
const GROUP = "root:x:0:\nwheel:x:10:root,web\nweb:x:34:web\nextra:x:50:other,web\n";

/** A root that is removed with the suite. */
function withRoot(): string {
  const directory = mkdtempSync(join(tmpdir(), "ctr-oci-"));
  after(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, "root/etc"), { recursive: true });
  return join(directory, "root");
}

describe("a user", () => {
  const root = withRoot();
  writeFileSync(join(root, "etc/passwd"), PASSWD);
  writeFileSync(join(root, "etc/group"), GROUP);
  const ids = (specification: string, at = root) => {
    const { uid, gid, additionalGids } = resolveUser(at, specification);
    return [uid, gid, additionalGids];
  };

  for (const [specification, expected] of [
    ["", [0, 0, [0, 10]]],
    ["root", [0, 0, [0, 10]]],
    ["web", [33, 34, [34, 10, 50]]],
    ["33", [33, 34, [34, 10, 50]]],
    ["web:extra", [33, 50, [50]]],
    ["web:7", [33, 7, [7]]],
    ["1000", [1000, 0, [0]]],
    ["4242:wheel", [4242, 10, [10]]],
    [":extra", [0, 50, [50]]],
    ["broken", [0, 1, [1]]],
    ["+33", [33, 34, [34, 10, 50]]],
  ] as const) {
    it(`"${specification}" has ${JSON.stringify(expected)}`, () => deepEqual(ids(specification), expected));
  }

  it("has a home when passwd knows it", () => {
    equal(resolveUser(root, "web").home, "/var/www");
    equal(resolveUser(root, "4242").home, "");
  });

  for (const [specification, text] of [
    ["nobody-here", "unable to find user nobody-here: no matching entries in passwd file"],
    ["web:nogroup", "unable to find group nogroup: no matching entries in group file"],
    ["2147483648", "uids and gids must be in range 0-2147483647"],
    ["web:-1", "uids and gids must be in range 0-2147483647"],
  ] as const) {
    it(`"${specification}" is refused in Docker's words`, () => {
      throws(() => resolveUser(root, specification), { message: text, status: 400 });
    });
  }

  it("has further groups that it is given, once each", () => {
    const groupsOf = (specification: string, ...added: string[]) =>
      resolveUser(root, specification, added).additionalGids;
    deepEqual(groupsOf("", "extra", "77", "wheel"), [0, 10, 50, 77]);
    deepEqual(groupsOf("4242", "web"), [0, 34]);
    deepEqual(groupsOf("web:7", "7", "8"), [7, 8]);
    throws(() => groupsOf("", "no"), /unable to find group no: no matching entries in group file/);
  });

  it("needs no files when it is a number", () => {
    const empty = withRoot();
    deepEqual(ids("", empty), [0, 0, [0]]);
    deepEqual(ids("5:6", empty), [5, 6, [6]]);
    throws(() => resolveUser(empty, "web"), /unable to find user web/);
  });
});

describe("a file of the container", () => {
  const root = withRoot();
  const outside = join(root, "../outside");
  writeFileSync(outside, "secret");
  writeFileSync(join(root, "etc/real"), "real");
  mkdirSync(join(root, "a/b"), { recursive: true });

  for (const [title, link, target, expected] of [
    ["follows a relative link", "etc/relative", "real", "real"],
    ["follows an absolute link inside the root", "etc/absolute", "/etc/real", "real"],
    ["follows a link through another directory", "a/b/up", "../../etc/relative", "real"],
    ["stops at the root however many parents a link names", "etc/parents", "../../../../../../etc/real", "real"],
    ["never leaves the root by parents", "etc/escape", "../../outside", undefined],
    ["never leaves the root by an absolute path", "etc/leave", outside, undefined],
    ["gives up on a link to itself", "etc/loop", "loop", undefined],
    ["finds nothing behind a broken link", "etc/dangling", "nothing", undefined],
  ] as const) {
    it(title, () => {
      symlinkSync(target, join(root, link));
      equal(readInRoot(root, `/${link}`), expected);
    });
  }

  it("is found below a directory that is a link", () => {
    symlinkSync("/etc", join(root, "conf"));
    equal(readInRoot(root, "/conf/./x/../real"), undefined);
    equal(readInRoot(root, "/conf/real"), "real");
    equal(readInRoot(root, "//conf//real"), "real");
  });

  it("is nothing when it is a directory or a fifo, which is not waited for", () => {
    equal(readInRoot(root, "/etc"), undefined);
    execFileSync("mkfifo", [join(root, "etc/fifo")]);
    equal(readInRoot(root, "/etc/fifo"), undefined);
    equal(readInRoot(root, "/etc/real/below"), undefined);
  });

  it("is refused when it is huge", () => {
    writeFileSync(join(root, "etc/huge"), "");
    truncateSync(join(root, "etc/huge"), 9 * 2 ** 20);
    throws(() => readInRoot(root, "/etc/huge"), { code: "CTR_FILE_TOO_LARGE" });
  });
});
