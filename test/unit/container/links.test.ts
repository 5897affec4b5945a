import { deepEqual, equal, throws } from "node:assert/strict";
import { linkVariables } from "../../../runtime/container/link-variables.ts";
import {
  linkedContainers,
  linkNames,
  linksOf,
  linkTexts,
  parseLink,
  withoutLink,
} from "../../../runtime/container/links.ts";
import type { ContainerRecords } from "../../../runtime/container/records.ts";
import { containerOf, idOf, recordsOf } from "./container-records.ts";

const DB = containerOf("db", "d", { config: { Hostname: "dbhost", ExposedPorts: { "5432/tcp": {} }, Env: ["A=1"] } });
const HOST = containerOf("onhost", "e", { hostConfig: { NetworkMode: "host" } });
const JOINED = containerOf("joined", "f", { hostConfig: { NetworkMode: `container:${idOf("d")}` } });
const WEB = containerOf("web", "a", { links: [{ targetId: DB.id, alias: "data" }] });

describe("a link", () => {
  it("is read as Docker reads it", () => {
    deepEqual(parseLink("db"), { target: "db", alias: "db" });
    deepEqual(parseLink("db:data"), { target: "db", alias: "data" });
    deepEqual(parseLink("/db:/web/data"), { target: "db", alias: "data" });
    throws(() => parseLink(""), { message: "empty string specified for links" });
    throws(() => parseLink("a:b:c"), { message: "bad format for links: a:b:c" });
  });
});

describe("the links of a container", () => {
  let records: ContainerRecords;
  beforeEach(() => {
    records = recordsOf(DB, HOST, JOINED, WEB);
  });
  const links = (Links: readonly string[], NetworkMode = "bridge") =>
    linksOf(records, { hostConfig: { Links, NetworkMode } });

  it("lead to containers, by way of those that share another's network", () => {
    deepEqual(links(["db:data", "joined:j"]), [
      { targetId: DB.id, alias: "data" },
      { targetId: DB.id, alias: "j" },
    ]);
  });

  it("are further names of their targets", () => {
    const app = containerOf("app", "b", { links: [{ targetId: DB.id, alias: "store" }] });
    deepEqual([...linkNames([DB, WEB, app])], [[DB.id, ["/web/data", "/app/store"]]]);
  });

  it("have each alias once, the first", () => deepEqual(links(["web:x", "db:x"]), [{ targetId: WEB.id, alias: "x" }]));

  it("are the name server's matter on networks of the user's own", () => deepEqual(links(["no"], "front"), []));

  it("are refused for containers that are not there or use the host's network", () => {
    throws(() => links(["no"]), { message: "could not get container for no: No such container: no", status: 400 });
    throws(() => links(["onhost"]), /^CtrError: conflicting options: host type networking can't be used with links/);
  });

  it("show the names of today", () => {
    const nameOf = (id: string) => records.get(id)?.container.name;
    records.update(DB.id, { name: "database" });
    deepEqual(linkTexts(WEB, nameOf), ["/database:/web/data"]);
    records.delete(DB.id);
    deepEqual(linkTexts(WEB, nameOf), []);
  });

  const addresses = { address: "172.17.0.5", address6: "" };

  it("give address and container at the start", () => {
    const [linked] = linkedContainers(records, WEB, () => addresses);
    deepEqual([linked?.alias, linked?.target.name, linked?.address], ["data", "db", "172.17.0.5"]);
  });

  it("go with a target that was removed", () => {
    records.delete(DB.id);
    deepEqual(
      linkedContainers(records, WEB, () => addresses),
      [],
    );
  });

  it("hinder a start when the target does not run or is elsewhere", () => {
    throws(() => linkedContainers(records, WEB, () => undefined), {
      message: "Cannot link to /db, as it does not belong to the default network",
      status: 500,
    });
    records.update(DB.id, { status: "exited" });
    throws(() => linkedContainers(records, WEB, () => addresses), {
      message: "Cannot link to a non running container: /db AS /web/data",
      status: 500,
    });
  });

  it("give variables", () => {
    const variables = linkVariables(WEB, [{ alias: "data", target: DB, ...addresses }]);
    equal(variables.includes("DATA_NAME=/web/data"), true);
    equal(variables.includes("DATA_PORT_5432_TCP_ADDR=172.17.0.5"), true);
    equal(variables.includes("DATA_ENV_A=1"), true);
  });

  it("are taken away by name", () => {
    for (const reference of ["web/data", "/web/data"]) deepEqual(withoutLink(records, reference).links, []);
    throws(() => withoutLink(records, "web"), {
      message: "Conflict, cannot remove the default link name of the container",
      status: 409,
    });
    throws(() => withoutLink(records, "web/no"), { message: "No such container: web/no", status: 404 });
    throws(() => withoutLink(records, "no/data"), { message: "Cannot get parent /no for link name /no/data" });
  });
});
