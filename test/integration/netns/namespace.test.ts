import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  createNamespace,
  enterNetworkNamespace,
  listNamespaces,
  namespaceExists,
  removeNamespace,
} from "../../../netns/namespace.ts";
import { PrivateNetwork } from "./private-network.ts";

const present = (): string => readlinkSync("/proc/thread-self/ns/net");
const module = join(import.meta.dirname, "../../../netns/namespace.ts");

/** Runs a script of its own process in a new network namespace: for what must not happen to the test's. */
const runScript = (body: string) =>
  spawnSync("unshare", ["--net", process.execPath, "--input-type=module", "--eval", body], {
    encoding: "utf8",
    timeout: 20_000,
  });

describe("network namespaces", () => {
  it("are made, entered, listed and removed, and the thread is home each time", () => {
    using network = PrivateNetwork.enter();
    const home = present();
    const path = network.namespace("one");
    const inside = createNamespace(path, present);
    assert.notEqual(inside, home);
    assert.equal(present(), home);
    assert.equal(enterNetworkNamespace(path, present), inside);
    assert.equal(present(), home);
    assert.deepEqual(listNamespaces(network.namespace("")), ["one"]);
    assert.equal(namespaceExists(path), true);
    removeNamespace(path);
    removeNamespace(path);
    assert.equal(existsSync(path), false);
    assert.equal(namespaceExists(path), false);
  });

  it("nest: the inner one returns to the outer one", () => {
    using network = PrivateNetwork.enter();
    const outer = createNamespace(network.namespace("outer"), present);
    const inner = createNamespace(network.namespace("inner"), present);
    enterNetworkNamespace(network.namespace("outer"), () => {
      assert.equal(enterNetworkNamespace(network.namespace("inner"), present), inner);
      assert.equal(present(), outer);
    });
  });

  it("are left again when the body throws, and one that was being made is removed", () => {
    using network = PrivateNetwork.enter();
    const home = present();
    const path = network.namespace("one");
    const fail = (): void => {
      throw new Error("no");
    };
    assert.throws(() => createNamespace(path, fail), /no/);
    assert.equal(existsSync(path), false);
    createNamespace(path, () => {});
    assert.throws(() => enterNetworkNamespace(path, fail), /no/);
    assert.equal(present(), home);
  });

  it("refuse a body that would go on at home", () => {
    using network = PrivateNetwork.enter();
    const home = present();
    const path = network.namespace("one");
    createNamespace(path, () => {});
    const asynchronous = (async () => {}) as unknown as () => void;
    assert.throws(() => enterNetworkNamespace(path, asynchronous), /must be synchronous/);
    assert.equal(present(), home);
  });

  it("are not made over something that exists, and not entered when they are none", () => {
    using network = PrivateNetwork.enter();
    const file = join(network.directory, "file");
    writeFileSync(file, "mine");
    assert.throws(() => createNamespace(file, () => {}), { code: "EEXIST" });
    assert.equal(readFileSync(file, "utf8"), "mine");
    assert.equal(namespaceExists(file), false);
    assert.throws(() => enterNetworkNamespace(file, () => {}), { code: "EINVAL" });
    assert.throws(() => enterNetworkNamespace(join(network.directory, "none"), () => {}), { code: "ENOENT" });
  });

  it("never keep a thread of the pool, even when it starts inside", () => {
    using network = PrivateNetwork.enter();
    const { stdout, stderr } = runScript(`
      import { createNamespace, removeNamespace } from ${JSON.stringify(module)};
      import { readFile } from "node:fs/promises";
      import { readdirSync, readlinkSync } from "node:fs";
      const path = ${JSON.stringify(network.namespace("one"))};
      let reading;
      createNamespace(path, () => { reading = readFile("/proc/self/stat"); });
      await reading;
      const threads = readdirSync("/proc/self/task").map((id) => readlinkSync("/proc/self/task/" + id + "/ns/net"));
      console.log(threads.length, new Set(threads).size);
      removeNamespace(path);
    `);
    const [threads, namespaces] = stdout.trim().split(" ").map(Number);
    assert(threads !== undefined && threads > 4, stderr);
    assert.equal(namespaces, 1);
  });

  it("end the process, with a text, when it cannot come home", () => {
    using network = PrivateNetwork.enter();
    const path = network.namespace("one");
    createNamespace(path, () => {});
    const { signal, stderr } = runScript(`
      import { enterNetworkNamespace } from ${JSON.stringify(module)};
      import { closeSync, readdirSync, readlinkSync } from "node:fs";
      const target = (fd) => { try { return readlinkSync("/proc/self/fd/" + fd); } catch { return ""; } };
      enterNetworkNamespace(${JSON.stringify(path)}, () => {
        for (const fd of readdirSync("/proc/self/fd")) if (target(fd).startsWith("net:")) closeSync(Number(fd));
      });
      console.log("went on");
    `);
    assert.equal(signal, "SIGABRT");
    assert.match(stderr, /^ctr: cannot return to the engine's own network namespace, ending: setns/m);
  });

  it("leave no descriptor open", () => {
    using network = PrivateNetwork.enter();
    const path = network.namespace("one");
    const before = readdirSync("/proc/self/fd").length;
    createNamespace(path, () => {});
    for (let round = 0; round < 50; round++) enterNetworkNamespace(path, () => {});
    assert.equal(readdirSync("/proc/self/fd").length, before);
  });
});
