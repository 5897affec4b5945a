import assert from "node:assert/strict";
import { mergeSteps, type OrderedStep } from "../../../../netns/diagnosis/probe/trace-order.ts";

const step = (place: string, direction: "there" | "back", key: string, at = 1): OrderedStep => ({
  place,
  direction,
  key,
  at,
});
const texts = (steps: readonly OrderedStep[]): string[] => steps.map(({ place, key }) => `${place} ${key}`);

describe("diagnosis: order of what several namespaces tell", () => {
  it("follows a packet there and its answer back", () => {
    const web = [step("web", "there", "syn"), step("web", "back", "answer"), step("web", "there", "ack")];
    const host = [step("host", "there", "syn"), step("host", "back", "answer"), step("host", "there", "ack")];
    const api = [step("api", "there", "syn"), step("api", "back", "answer")];
    assert.deepEqual(texts(mergeSteps([web, host, api])), [
      ...["web syn", "host syn", "api syn"],
      ...["api answer", "host answer", "web answer"],
      ...["web ack", "host ack"],
    ]);
  });

  it("keeps the steps of a namespace together and in their order", () => {
    const web = [step("web", "there", "syn"), { ...step("web", "there", "syn"), at: 2 }];
    const host = [step("host", "there", "syn"), { ...step("host", "there", "syn"), at: 2 }];
    assert.deepEqual(
      mergeSteps([web, host]).map(({ place, at }) => `${place} ${at}`),
      ["web 1", "web 2", "host 1", "host 2"],
    );
  });

  it("takes the same packet that comes much later for one that was sent once more", () => {
    const web = [step("web", "there", "syn", 1), step("web", "there", "syn", 1000)];
    const host = [step("host", "there", "syn", 1), step("host", "there", "syn", 1001)];
    assert.deepEqual(
      mergeSteps([web, host]).map(({ place, at }) => `${place} ${at}`),
      ["web 1", "host 1", "web 1000", "host 1001"],
    );
  });

  it("puts questions that overlap in the order of time", () => {
    const web = [step("web", "there", "one", 0), step("web", "there", "two", 400), step("web", "there", "one", 1000)];
    const host = [step("host", "there", "two", 400)];
    assert.deepEqual(texts(mergeSteps([web, host])), ["web one", "web two", "host two", "web one"]);
  });

  it("loses nothing when namespaces contradict each other", () => {
    const web = [step("web", "there", "one"), step("web", "there", "two")];
    const host = [step("host", "there", "two"), step("host", "there", "one")];
    assert.equal(mergeSteps([web, host]).length, 4);
  });
});
