/** The commands that diagnose, on real containers of a real engine with a host outside. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { type CommandResult, runCommand } from "../../../lib/command.ts";
import { hasCode } from "../../../lib/errors.ts";
import type { DoctorReport, FlowReport, Snapshot } from "../../../netns/index.ts";
import type { MatrixReport } from "../../../runtime/index.ts";
import { TestEngine } from "../../support/engine.ts";
import { assertSchema } from "../../support/json-schema.ts";
import { connectOutside, OUTSIDE_ADDRESS, serve } from "../../support/outside.ts";
import type { PrivateHost } from "../../support/private-host.ts";
import { waitFor } from "../../support/wait.ts";

const root = join(import.meta.dirname, "../../..");
const LISTENER = ["busybox", "sh", "-c", "httpd -p 80; exec sleep infinity"];

const PUBLIC = "93.184.216.34";

let engine: TestEngine;
let outside: PrivateHost;

/** Where the engine is down, the commands find its state by these. */
const net = (...argv: readonly string[]): Promise<CommandResult> =>
  engine.host.run([join(root, "bin/ctr"), "-H", `unix://${engine.socket}`, "net", ...argv], {
    env: { ...process.env, CTR_DATA_ROOT: engine.dataRoot, CTR_EXEC_ROOT: engine.execRoot },
  });

async function report<R>(exitCode: number, ...argv: readonly string[]): Promise<R> {
  const result = await net(...argv, "--json");
  assert.equal(result.exitCode, exitCode, `${argv.join(" ")}\n${result.stdout}${result.stderr}`);
  return JSON.parse(result.stdout) as R;
}

const codes = ({ findings }: FlowReport | DoctorReport): string[] => findings.map(({ code }) => code);

const forwarding = (): Promise<string> => engine.host.output(["sysctl", "-n", "net.ipv4.ip_forward"]);

async function inHost(...argv: readonly string[]): Promise<void> {
  await engine.host.output(argv);
}

describe("ctr net why, trace, doctor, matrix, drops, bundle and bench", () => {
  before(async () => {
    engine = await TestEngine.start();
    outside = await connectOutside(engine.host);
    await serve(outside, "outside", [443]);
    // A network of the Internet, which nobody else is to read of.
    await engine.host.output(["ip", "route", "add", `${PUBLIC}/32`, "via", OUTSIDE_ADDRESS]);
    await engine.ctrOutput("network", "create", "front");
    await engine.ctrOutput("run", "-d", "--name", "web", "--network", "front", "-p", "8080:80", ...LISTENER);
    await engine.ctrOutput("run", "-d", "--name", "api", "--network", "front", ...LISTENER);
    await engine.ctrOutput("run", "-d", "--name", "guest", ...LISTENER);
    await waitFor("the listeners", async () => (await net("why", "api", "web:80")).exitCode === 0);
  });

  after(async () => {
    await outside?.[Symbol.asyncDispose]();
    await engine?.[Symbol.asyncDispose]();
  });

  it("says that a published port is reached, with a report that its schema describes", async () => {
    const answer = await report<FlowReport>(0, "why", "host", ":8080");
    assert.equal(answer.result, "REACHABLE");
    assert.equal(answer.agreement, true);
    assertSchema("trace", answer);
    const trace = await net("trace", "--return", "api", "web:80");
    assert.equal(trace.exitCode, 0);
    assert.match(trace.stdout, /^REACHABLE {2}api/);
    assert.match(trace.stdout, /The way back/);
    assert.match(trace.stdout, /httpd \(\d+\) listens/);
  });

  it("finds the outside by an address that it is given, and draws the last trace on the map", async () => {
    const target = `${OUTSIDE_ADDRESS}:443`;
    const answer = await report<FlowReport>(0, "why", "--outside", target, "web", "outside");
    assert.match((answer.notes ?? []).join(), /outside stands for/);
    const map = await net("map", "--overlay", "last");
    assert.equal(map.exitCode, 0, map.stderr);
    assert.match(map.stdout, /web → outside {3}REACHABLE\n {2}web ══▶ front ══▶ .*outside/);
  });

  it("finds that nobody listens, and turns the exit code round when it has to be so", async () => {
    await engine.ctrOutput("exec", "web", "killall", "httpd");
    try {
      const answer = await report<FlowReport>(1, "why", "host", ":8080");
      assert.equal(codes(answer)[0], "CTRN601");
      assertSchema("trace", answer);
      assert.equal((await net("why", "--expect", "unreachable", "host", ":8080")).exitCode, 0);
    } finally {
      await engine.ctrOutput("exec", "-d", "web", "httpd", "-p", "80");
    }
  });

  it("finds forwarding switched off, mends it, and says that the way works again", async () => {
    const flow = ["--outside", `${OUTSIDE_ADDRESS}:443`, "web", "outside"];
    await inHost("sysctl", "-qw", "net.ipv4.ip_forward=0");
    assert.equal(codes(await report<FlowReport>(1, "why", ...flow))[0], "CTRN101");
    const mended = await report<FlowReport>(0, "why", "--fix", ...flow);
    assert.deepEqual(
      (mended.fixes ?? []).map(({ code, error }) => [code, error]),
      [["CTRN101", undefined]],
    );
    assert.equal(await forwarding(), "1");
  });

  it("names another's firewall, and leaves it alone", async () => {
    const name = "stranger";
    await inHost("nft", "add", "table", "inet", name);
    await inHost("nft", `add chain inet ${name} passing { type filter hook forward priority 10; policy drop; }`);
    const listing = () => engine.host.output(["nft", "--stateless", "list", "table", "inet", name]);
    const before = await listing();
    try {
      const answer = await report<FlowReport>(1, "why", "--fix", "api", "web:80");
      assert.equal(codes(answer)[0], "CTRN104");
      assert.match(answer.findings[0]?.object ?? "", /stranger/);
      assert.equal(answer.fixes, undefined);
      assert.equal(await listing(), before);
      await replayElsewhere();
    } finally {
      await inHost("nft", "delete", "table", "inet", name);
    }
  });

  /** The same findings from a bundle, without the machine's state and without its addresses. */
  async function replayElsewhere(): Promise<void> {
    const here = await report<DoctorReport>(1, "doctor");
    assertSchema("doctor", here);
    const path = join(engine.host.directory, "bundle.json.gz");
    const made = await net("bundle", "-o", path);
    assert.equal(made.exitCode, 0, made.stderr);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const argv = [join(root, "bin/ctr"), "net", "doctor", "--json", "--from", path];
    const { stdout } = await runCommand(argv, { expect: [1] });
    const there = JSON.parse(stdout) as DoctorReport;
    assert.deepEqual(codes(there), codes(here));
    const plain = JSON.parse((await net("bundle", "-o", "-")).stdout) as Snapshot;
    assertSchema("snapshot", plain);
    assert.ok(!JSON.stringify(plain).includes(PUBLIC), "addresses of others are replaced");
    assert.match((await net("bundle", "--no-redact", "-o", "-")).stdout, new RegExp(PUBLIC));
  }

  it("tries all pairs, and finds what is open though it should not be", async () => {
    const all = await report<MatrixReport>(0, "matrix", "--outside", `${OUTSIDE_ADDRESS}:443`);
    assertSchema("matrix", all);
    const pair = (from: string, to: string) => all.pairs.find((one) => one.from === from && one.to === to);
    assert.equal(pair("web", "api:80")?.verdict, "as expected");
    assert.equal(pair("guest", "api:80")?.result, "UNREACHABLE");
    assert.equal(pair("host", ":8080")?.result, "REACHABLE");
    assert.equal(pair("api", "web")?.kind, "name");
    const file = join(engine.host.directory, "policy.yaml");
    writeFileSync(
      file,
      "- { from: web, to: 'api:80', expect: unreachable }\n- { from: guest, to: 'web:80', expect: unreachable }\n",
    );
    const checked = await net("matrix", "--expect", file);
    assert.equal(checked.exitCode, 1);
    assert.match(checked.stdout, /web +api:80 +unreachable +reachable +unexpected allow/);
    assert.match(checked.stdout, /guest +web:80 .*as expected/);
  });

  it("measures two ends, beside the limits between them", async () => {
    const { stdout, exitCode } = await net("bench", "--for", "200ms", "web", "api");
    assert.equal(exitCode, 0);
    assert.match(stdout, /throughput there +[\d.]+ [GMk]bit\/s/);
    assert.match(stdout, /largest packet +1500 bytes/);
  });

  it("shows packets that are lost, and the program ends with whoever asked", async () => {
    const lines: string[] = [];
    const call = request({
      ...{ socketPath: engine.socket, method: "POST", path: "/ctr/net/diagnosis" },
      headers: { "content-type": "application/json" },
    });
    call.on("error", () => {});
    call.on("response", (response) => response.on("data", (chunk: Buffer) => lines.push(chunk.toString())));
    call.end(JSON.stringify({ kind: "drops" }));
    await waitFor("the counters", () => lines.join("").includes('"counters"'));
    assert.equal(programs().length, 1);
    const address = await engine.ctrOutput("inspect", "-f", "{{.NetworkSettings.Networks.front.IPAddress}}", "web");
    await waitFor("a packet to be lost", async () => {
      await engine.host.run(["busybox", "nc", "-w", "1", address, "81"]);
      return lines.join("").includes('"NO_SOCKET"');
    });
    call.destroy();
    await waitFor("the program to end", () => programs().length === 0);
  });

  it("says what is wrong with a question, with exit code 2", async () => {
    for (const [argv, expected] of [
      [["why", "wbe", "api:80"], /there is no container wbe\ndid you mean web\?/],
      [["why", "api", "web"], /which port of web\?\nit has 80\/tcp: write web:80/],
      [["why", "api", "web:99999"], /invalid port/],
      [["why", "api"], /requires 2 arguments/],
      [["doctor", "nothing-like-it"], /no network and no container/],
      [["trace", "--size", "x", "api", "web:80"], /size/],
    ] as const) {
      const { exitCode, stderr } = await net(...argv);
      assert.equal(exitCode, 2, `${argv.join(" ")}: ${stderr}`);
      assert.match(stderr, expected);
    }
    const refused = await engine.api("POST", "/ctr/net/diagnosis", { kind: "flow", from: "web" });
    assert.equal(refused.status, 400);
    assert.match(refused.body, /to is missing/);
  });

  it("makes a finding of a container that does not run", async () => {
    await engine.ctrOutput("create", "--name", "asleep", "--network", "front", "-p", "7070:80", "busybox");
    for (const [from, to] of [
      ["web", "asleep:80"],
      ["host", ":7070"],
    ] as const) {
      const answer = await report<FlowReport>(1, "why", from, to);
      assert.equal(codes(answer)[0], "CTRN611");
      assertSchema("trace", answer);
    }
  });

  it("goes on when the engine was killed, and finds what it would have kept shut", async () => {
    await engine.stopDaemon("SIGKILL");
    const answer = await net("why", "host", ":8080");
    assert.equal(answer.exitCode, 0, answer.stderr);
    assert.match(answer.stderr, /The engine does not run at .*: its state is read from/);
    assert.equal((await net("why", "guest", "web:80")).exitCode, 1);
    await inHost("nft", "insert", "rule", "inet", "ctr", "crossing", "accept");
    const open = await report<MatrixReport>(1, "matrix", "--outside", `${OUTSIDE_ADDRESS}:443`);
    const pair = open.pairs.find(({ from, to }) => from === "guest" && to === "web:80");
    assert.equal(pair?.verdict, "unexpected allow");
    const mending = await net("doctor", "--fix");
    assert.doesNotMatch(mending.stderr, /Starting/);
    assert.equal((await net("why", "guest", "web:80")).exitCode, 0, "the engine alone changes what is its own");
    await engine.startDaemon();
  });
});

/** Processes of the diagnosis in this host. */
function programs(): string[] {
  const own = readlinkSync(engine.host.mountNamespace);
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return (
        readlinkSync(`/proc/${pid}/ns/mnt`) === own &&
        readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("ctr-diagnosis")
      );
    } catch (error) {
      if (hasCode(error, "ENOENT", "ESRCH", "EACCES")) return false;
      throw error;
    }
  });
}
