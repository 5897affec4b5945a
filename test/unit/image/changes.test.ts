import assert from "node:assert/strict";
import { applyChanges } from "../../../runtime/image/changes.ts";

describe("changes of an image configuration", () => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
    ['CMD ["sh", "-l"]', { Cmd: ["sh", "-l"] }],
    ["cmd echo hello", { Cmd: ["/bin/sh", "-c", "echo hello"] }],
    ['ENTRYPOINT ["/init"]', { Entrypoint: ["/init"] }],
    ['ENV A=1 B="two words" C=three\\ words', { Env: ["A=1", "B=two words", "C=three words"] }],
    ["ENV A one two", { Env: ["A=one two"] }],
    ["EXPOSE 80 53/udp 8000-8001", { ExposedPorts: { "80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {} } }],
    ["LABEL a=b 'c d'=e", { Labels: { a: "b", "c d": "e" } }],
    ["USER 1000:100", { User: "1000:100" }],
    ["VOLUME /data /log", { Volumes: { "/data": {}, "/log": {} } }],
    ['VOLUME ["/with space"]', { Volumes: { "/with space": {} } }],
    ["WORKDIR /srv", { WorkingDir: "/srv" }],
    ["STOPSIGNAL SIGINT", { StopSignal: "SIGINT" }],
    ["ONBUILD RUN make", { OnBuild: ["RUN make"] }],
  ];
  for (const [line, expected] of cases) {
    it(line, () => assert.deepEqual(applyChanges({}, [line]), expected));
  }

  it("adds to what is there", () => {
    const present = { Env: ["A=1", "B=2"], Labels: { a: "b" }, WorkingDir: "/srv" };
    assert.deepEqual(applyChanges(present, ["ENV A=3", "LABEL c=d", "WORKDIR www"]), {
      Env: ["A=3", "B=2"],
      Labels: { a: "b", c: "d" },
      WorkingDir: "/srv/www",
    });
  });

  const refused: Readonly<Record<string, string>> = {
    "RUN make": "run is not a valid change command",
    CMD: "CMD requires at least one argument",
    "ENV A": "ENV must have two arguments",
    "ENV A=1 B": 'Syntax error - can\'t find = in "B". Must be of the form: name=value',
    "EXPOSE http": "invalid containerPort: http",
    "EXPOSE 70000": "invalid containerPort: 70000",
  };
  for (const [line, message] of Object.entries(refused)) {
    it(`refuses ${line}`, () => assert.throws(() => applyChanges({}, [line]), { message, status: 400 }));
  }
});
