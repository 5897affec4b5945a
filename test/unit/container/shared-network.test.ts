import { deepEqual, equal, throws } from "node:assert/strict";
import { joinersOf, networkOwner, sandboxIdOf, withTargetId } from "../../../runtime/container/shared-network.ts";
import { containerOf, idOf, recordsOf } from "./container-records.ts";

const joining = (name: string, digits: string, target: string) =>
  containerOf(name, digits, { hostConfig: { NetworkMode: `container:${target}` } });

describe("a container on the network of another", () => {
  const owner = containerOf("owner", "a");
  const first = joining("first", "b", idOf("a"));
  const second = joining("second", "c", "first");

  it("lives in the sandbox at the end of the way", () => {
    const records = recordsOf(owner, first, second);
    equal(networkOwner(records, second).name, "owner");
    equal(networkOwner(records, owner).name, "owner");
    equal(sandboxIdOf(records, second), owner.id);
    deepEqual(
      joinersOf(records, owner.id).map(({ name }) => name),
      ["second", "first"],
    );
    deepEqual(joinersOf(records, first.id), []);
  });

  it("keeps no sandbox alive when it does not run", () => {
    const records = recordsOf(owner, { ...first, status: "exited" });
    deepEqual(joinersOf(records, owner.id), []);
  });

  it("does not start without the other one", () => {
    const ended = recordsOf({ ...owner, status: "exited" }, first);
    throws(() => networkOwner(ended, first), {
      message: `cannot join network namespace of a non running container: container ${owner.name} is exited`,
      status: 409,
    });
    const restarting = recordsOf({ ...owner, status: "restarting" }, first);
    throws(() => networkOwner(restarting, first), {
      message: `cannot join network namespace of container: Container ${owner.id} is restarting, wait until the container is running`,
    });
    throws(() => networkOwner(recordsOf(first), first), {
      message: `joining network namespace of container: No such container: ${owner.id}`,
      status: 500,
    });
  });

  it("is not its own", () => {
    const self = joining("self", "d", "self");
    throws(() => networkOwner(recordsOf(self), self), { message: "cannot join own network namespace" });
    equal(sandboxIdOf(recordsOf(self), self), self.id);
  });

  it("ends in no circle", () => {
    const [one, other] = [joining("one", "e", "other"), joining("other", "f", "one")];
    equal(sandboxIdOf(recordsOf(one, other), one), other.id);
  });

  it("holds on to the other one's id", () => {
    const records = recordsOf(owner);
    equal(withTargetId(records, "container:owner"), `container:${owner.id}`);
    equal(withTargetId(records, "container:no"), "container:no");
    equal(withTargetId(records, "bridge"), "bridge");
  });
});
