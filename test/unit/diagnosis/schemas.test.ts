import assert from "node:assert/strict";
import { schemaFaults } from "../../support/json-schema.ts";
import { REPORT } from "../cli/diagnosis/reports.ts";
import { healthySnapshot } from "./snapshots.ts";

const printed = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe("the schemas of reports", () => {
  it("describe a trace and a snapshot", () => {
    assert.deepEqual(schemaFaults("trace", printed(REPORT)), []);
    assert.deepEqual(schemaFaults("snapshot", healthySnapshot()), []);
  });

  it("notice what is missing, what is of another kind, and what nobody has described", () => {
    const wrong = printed({
      ...REPORT,
      result: "MAYBE",
      summary: 1,
      invented: true,
      flow: { ...REPORT.flow, family: 5 },
    });
    const { findings: _, ...without } = printed(REPORT) as Record<string, unknown>;
    assert.deepEqual(
      schemaFaults("trace", wrong).map((fault) => fault.split(": ")[0]),
      ["$.result", "$.flow.family", "$.summary", "$"],
    );
    assert.deepEqual(schemaFaults("trace", without), ["$: findings is missing"]);
  });
});
