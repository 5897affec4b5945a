import { deepEqual, equal, ok } from "node:assert/strict";
import { type ConmonOptions, conmonArguments, parseSyncMessage, runtimeText } from "../../../runtime/monitor/conmon.ts";

const OPTIONS: ConmonOptions = {
  containerId: "c1",
  sessionId: "c1",
  name: "web",
  runtimePath: "/usr/sbin/runc",
  runtimeRoot: "/run/ctr/runc",
  directory: "/run/ctr/bundles/c1",
  exitDirectory: "/run/ctr/exits",
  logPath: "/var/lib/ctr/containers/c1/container.log",
  tty: false,
  stdin: false,
  leaveStdinOpen: true,
};

describe("conmon's command line", () => {
  const has = (change: Partial<ConmonOptions>, ...words: readonly string[]) => {
    const text = conmonArguments({ ...OPTIONS, ...change }).join(" ");
    for (const word of words) ok(text.includes(word), `${word} in ${text}`);
  };
  const lacks = (change: Partial<ConmonOptions>, ...words: readonly string[]) => {
    const given = conmonArguments({ ...OPTIONS, ...change });
    for (const word of words) ok(!given.includes(word), `${word} in ${given.join(" ")}`);
  };

  it("names container, bundle, log, exit directory and the runtime's root", () => {
    has({}, "--cid c1 --cuuid c1", "--bundle /run/ctr/bundles/c1", "--exit-dir /run/ctr/exits");
    has({}, "--runtime-arg=--root=/run/ctr/runc", "--log-path k8s-file:/var/lib/ctr/containers/c1/container.log");
  });

  it("asks for terminal and input only when the container has them", () => {
    lacks({}, "--terminal", "--stdin");
    has({ tty: true, stdin: true }, "--terminal", "--stdin");
  });

  it("keeps the input open unless the container's first client closes it", () => {
    has({ leaveStdinOpen: true }, "--leave-stdin-open");
    lacks({ leaveStdinOpen: false }, "--leave-stdin-open");
  });

  it("keeps no log of an exec, and waits for its client", () => {
    has(
      { logPath: undefined, execProcess: "/p.json" },
      "--log-path none",
      "--exec --exec-attach --exec-process-spec /p.json",
    );
  });
});

describe("conmon's answers", () => {
  it("are JSON", () => {
    deepEqual(parseSyncMessage('{"data": 42}'), { data: 42 });
    deepEqual(parseSyncMessage('{"data": -1, "message": "runc: \\"x\\"\\n"}'), { data: -1, message: 'runc: "x"\n' });
  });

  it("are failures when they are no JSON", () => {
    deepEqual(parseSyncMessage("\u001f"), { data: -1, message: "\u001f" });
  });
});

describe("the OCI runtime's text", () => {
  it("is the last error among its log lines", () => {
    const warning = 'time="2026-11-24T11:44:18Z" level=warning msg="a warning"\n';
    const error = 'time="2026-11-24T11:44:18Z" level=error msg="exec: \\"x\\": not found"\n';
    equal(runtimeText(warning + error), 'exec: "x": not found');
  });

  it("is taken as it is when it is no log", () => {
    equal(runtimeText("plain reason\n"), "plain reason");
  });
});
