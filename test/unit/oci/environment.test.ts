import { deepEqual } from "node:assert/strict";
import { assert, property, string, uniqueArray } from "fast-check";
import { containerEnvironment, DEFAULT_PATH, mergeEnvironment } from "../../../runtime/oci/environment.ts";

describe("an environment", () => {
  it("begins with PATH, HOSTNAME and on a terminal TERM", () => {
    deepEqual(containerEnvironment({ Hostname: "box", Env: ["A=1"] }, false), [
      ...[`PATH=${DEFAULT_PATH}`, "HOSTNAME=box", "A=1"],
    ]);
    deepEqual(containerEnvironment({ Hostname: "box", Env: ["PATH=/x", "TERM=vt100"] }, true), [
      ...["PATH=/x", "HOSTNAME=box", "TERM=vt100"],
    ]);
  });

  it("changes a variable in its place, appends a new one, and takes away a bare name", () => {
    deepEqual(mergeEnvironment(["A=1", "B=2", "C=3"], ["B=x=y", "D=", "A"]), ["B=x=y", "C=3", "D="]);
    deepEqual(mergeEnvironment(["A=1"], ["NOT_THERE"]), ["A=1"]);
    deepEqual(mergeEnvironment(["AB=1"], ["A"]), ["AB=1"]);
  });

  it("has every name once, with its last value", () => {
    const names = uniqueArray(string({ minLength: 1 }).filter((name) => !name.includes("=")));
    assert(
      property(names, names, (first, second) => {
        const merged = mergeEnvironment(
          first.map((name) => `${name}=1`),
          second.map((name) => `${name}=2`),
        );
        const expected = [
          ...first.map((name) => `${name}=${second.includes(name) ? 2 : 1}`),
          ...second.filter((name) => !first.includes(name)).map((name) => `${name}=2`),
        ];
        deepEqual(merged, expected);
      }),
    );
  });
});
