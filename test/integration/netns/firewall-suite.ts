/** What a firewall has to do, whichever backend does it: real packets between a host, its containers and its neighbour. */
import assert from "node:assert/strict";
import { CtrError } from "../../../lib/errors.ts";
import { silentLogger } from "../../../lib/log.ts";
import { type Firewall, watchFirewall } from "../../../netns/firewall/index.ts";
import { waitFor } from "../../support/wait.ts";
import { Hosts, type Machine, misrouteLoopback, restoreLoopback, six, UPLINK } from "./firewall-hosts.ts";
import { describeIsolation } from "./firewall-isolation.ts";
import {
  allSilent,
  INMATE,
  NAKED,
  NEIGHBOUR,
  NETWORKS,
  networkOf,
  PORTS,
  portTo,
  ROUTED,
  STRANGER,
  TRUSTING,
  WEB,
} from "./firewall-records.ts";
import { nftables, type Subject } from "./firewall-subjects.ts";

/** Needs a describe of its own for each: the rules of one are not to be seen beside another's. */
export function describeFirewall(subject: Subject): void {
  // What br_netfilter changes is the way of packets, not the backend: one backend shows it with and without.
  for (const brNetfilter of subject === nftables ? [true, false] : [true]) describeBehaviour(subject, brNetfilter);
  describeIsolation(subject);
}

function describeBehaviour(subject: Subject, brNetfilter: boolean): void {
  describe(`firewall ${subject.name}, with br_netfilter ${brNetfilter ? "on" : "off"}`, () => {
    let hosts: Hosts;
    let firewall: Firewall;
    let outside: Machine;
    /** On ctr0, serves on port 80 what is published. */
    let web: Machine;
    /** Beside it on ctr0. */
    let neighbour: Machine;
    /** On ctr1, which has no IPv6 and is not masqueraded. */
    let stranger: Machine;
    /** On ctr2, which is internal. */
    let inmate: Machine;
    let cellmate: Machine;
    /** On ctr5, which trusts the uplink and leaves with the host's second address. */
    let trusting: Machine;
    const containers: Promise<void>[] = [];

    before(async () => {
      hosts = await Hosts.start({ brNetfilter });
      for (const { bridge, subnet4 = "" } of NETWORKS) hosts.bridge(bridge, subnet4.replace("0/24", "1"));
      outside = await hosts.outside();
      const start = async (address: string, name = ""): Promise<Machine> => {
        const network = address.split(".")[1] ?? "";
        const machine = await hosts.container(`ctr${network.slice(1)}`, address, `172.${network}.0.1`);
        if (name !== "") containers.push(machine.serve(name, 80, 81));
        return machine;
      };
      web = await start(WEB, "web");
      neighbour = await start(NEIGHBOUR);
      stranger = await start(STRANGER, "stranger");
      inmate = await start(INMATE, "inmate");
      cellmate = await start("172.22.0.3");
      await start(ROUTED, "routed");
      await start(NAKED, "naked");
      trusting = await start(TRUSTING, "trusting");
      await Promise.all([...containers, outside.serve("outside", 80, 8080)]);
      firewall = subject.open();
      firewall.ensure();
      for (const network of NETWORKS) firewall.addNetwork(network);
      firewall.publish(PORTS);
      // Until here as at a first start; from here on as an engine that has reconciled.
      firewall.sync({ networks: NETWORKS, ports: PORTS });
    });

    after(async () => {
      firewall?.[Symbol.dispose]();
      await hosts?.[Symbol.asyncDispose]();
    });

    it("leads from outside to a published port, and keeps the client's address", async () => {
      assert.equal(await outside.ask(UPLINK.host, 8080), `web saw ${UPLINK.outside}`);
      assert.equal(await outside.ask(UPLINK.host, 8080, "udp"), `web saw ${UPLINK.outside}`);
      assert.equal(await outside.ask(UPLINK.host, 8082), `web saw ${UPLINK.outside}`);
      assert.equal(await outside.ask(UPLINK.host6, 8080), `web saw ${UPLINK.outside6}`);
      assert.equal(await outside.ask(UPLINK.host6, 8080, "udp"), `web saw ${UPLINK.outside6}`);
      assert.equal(await outside.ask(UPLINK.host6, 8082), `web saw ${UPLINK.outside6}`);
    });

    it("leads from the host to a published port, by every address of the host but ::1", async () => {
      assert.equal(await hosts.ask("127.0.0.1", 8080), "web saw 172.20.0.1");
      assert.equal(await hosts.ask("127.0.0.1", 8080, "udp"), "web saw 172.20.0.1");
      assert.match(await hosts.ask(UPLINK.host, 8080), /^web saw /);
      assert.match(await hosts.ask("172.20.0.1", 8080), /^web saw /);
      assert.equal(await hosts.ask("127.0.0.1", 8081), "web saw 172.20.0.1");
      assert.match(await hosts.ask(UPLINK.host6, 8080), /^web saw /);
      // The user-space proxy's.
      assert.equal(await hosts.ask("::1", 8080), "ECONNREFUSED");
    });

    it("leads from a container to a published port: its own, a neighbour's, another network's", async () => {
      assert.match(await web.ask(UPLINK.host, 8080), /^web saw /);
      assert.match(await neighbour.ask(UPLINK.host, 8080), /^web saw /);
      assert.match(await neighbour.ask("172.20.0.1", 8080), /^web saw /);
      assert.match(await neighbour.ask(UPLINK.host, 8080, "udp"), /^web saw /);
      assert.match(await stranger.ask(UPLINK.host, 8080), /^web saw /);
      assert.match(await stranger.ask("172.21.0.1", 8080), /^web saw /);
      assert.match(await web.ask(UPLINK.host6, 8080), /^web saw /);
      assert.match(await neighbour.ask(UPLINK.host6, 8080), /^web saw /);
      assert.match(await trusting.ask(UPLINK.host6, 8080), /^web saw /);
    });

    it("binds a port to the host address that was named", async () => {
      assert.equal(await outside.ask(UPLINK.host, 8081), "ECONNREFUSED");
      assert.equal(await hosts.ask("127.0.0.1", 8082), "ECONNREFUSED");
      assert.equal(await hosts.ask(six("172.20.0.1"), 8082), "ECONNREFUSED");
    });

    it("redirects nothing that is for someone else", async () => {
      assert.equal(await neighbour.ask(UPLINK.outside, 8080), `outside saw ${UPLINK.host}`);
      assert.equal(await neighbour.ask(UPLINK.outside, 8080, "udp"), `outside saw ${UPLINK.host}`);
      assert.equal(await neighbour.ask(UPLINK.outside6, 8080), `outside saw ${UPLINK.host6}`);
    });

    it("hides containers behind the host's address only where it is asked to, and behind the one that was named", async () => {
      assert.equal(await web.ask(UPLINK.outside, 80), `outside saw ${UPLINK.host}`);
      assert.equal(await web.ask(UPLINK.outside, 80, "udp"), `outside saw ${UPLINK.host}`);
      assert.equal(await web.ask(UPLINK.outside6, 80), `outside saw ${UPLINK.host6}`);
      assert.equal(await stranger.ask(UPLINK.outside, 80), `outside saw ${STRANGER}`);
      assert.equal(await trusting.ask(UPLINK.outside, 80), `outside saw ${UPLINK.second}`);
    });

    it("drops what comes from outside for a container's own address", async () => {
      await allSilent([
        outside.listenFor(WEB, 80),
        outside.listenFor(WEB, 81),
        outside.listenFor(WEB, 80, "udp"),
        outside.listenFor(six(WEB), 80),
        outside.listenFor(six(WEB), 81),
      ]);
    });

    it("lets in at a container's own address what its gateway mode allows", async () => {
      assert.equal(await outside.ask(ROUTED, 80), `routed saw ${UPLINK.outside}`);
      assert.equal(await outside.ask(six(ROUTED), 80), `routed saw ${UPLINK.outside6}`);
      assert.equal(await web.ask(ROUTED, 80), `routed saw ${WEB}`);
      assert.equal(await outside.ask(UPLINK.host, 8083), "ECONNREFUSED");
      assert.equal(await outside.ask(NAKED, 81), `naked saw ${UPLINK.outside}`);
      assert.equal(await outside.ask(TRUSTING, 80), `trusting saw ${UPLINK.outside}`);
      await allSilent([
        outside.listenFor(ROUTED, 81),
        outside.listenFor(six(ROUTED), 81),
        outside.listenFor(six(NAKED), 81),
        outside.listenFor(TRUSTING, 81),
        web.listenFor(TRUSTING, 80),
      ]);
    });

    it("keeps networks apart, and neighbours together", async () => {
      assert.equal(await neighbour.ask(WEB, 80), `web saw ${NEIGHBOUR}`);
      assert.equal(await neighbour.ask(six(WEB), 80), `web saw ${six(NEIGHBOUR)}`);
      await allSilent([
        stranger.listenFor(WEB, 80),
        web.listenFor(STRANGER, 80),
        trusting.listenFor(six(WEB), 80),
        web.listenFor(six(TRUSTING), 80),
      ]);
      assert.equal(await hosts.ask(WEB, 81), "web saw 172.20.0.1");
      assert.equal(await hosts.ask(six(WEB), 81), `web saw ${six("172.20.0.1")}`);
    });

    it("opens what a grant allows, one way, and closes it again", async () => {
      const narrow = {
        from: { bridge: "ctr1" },
        to: { bridge: "ctr0", address: WEB },
        protocol: "tcp",
        port: 80,
      } as const;
      firewall.allow(narrow);
      assert.equal(await stranger.ask(WEB, 80), `web saw ${STRANGER}`);
      await allSilent([stranger.listenFor(WEB, 81), stranger.listenFor(WEB, 80, "udp"), web.listenFor(STRANGER, 80)]);

      // Permissions that overlap stand beside each other.
      const wide = { from: { bridge: "ctr1" }, to: { bridge: "ctr0" } };
      const exact = { from: { bridge: "ctr1", address: STRANGER }, to: { bridge: "ctr0", address: WEB } };
      firewall.allow([wide, exact]);
      firewall.deny(narrow);
      assert.equal(await stranger.ask(WEB, 81), `web saw ${STRANGER}`);
      firewall.deny(wide);
      assert.equal(await stranger.ask(WEB, 81), `web saw ${STRANGER}`);
      firewall.deny(exact);
      await allSilent([stranger.listenFor(WEB, 80), stranger.listenFor(WEB, 81)]);

      const back = {
        from: { bridge: "ctr5", address: six(TRUSTING) },
        to: { bridge: "ctr0" },
        protocol: "tcp",
        port: 81,
      } as const;
      firewall.allow(back);
      assert.equal(await trusting.ask(six(WEB), 81), `web saw ${six(TRUSTING)}`);
      await allSilent([trusting.listenFor(six(WEB), 80), trusting.listenFor(WEB, 81)]);
      firewall.deny([back, narrow]);
      await allSilent([trusting.listenFor(six(WEB), 81)]);
    });

    it("closes an internal network to all but itself and the host", async () => {
      assert.equal(await cellmate.ask(INMATE, 80), "inmate saw 172.22.0.3");
      assert.equal(await cellmate.ask(six(INMATE), 80), `inmate saw ${six("172.22.0.3")}`);
      assert.equal(await hosts.ask(INMATE, 80), "inmate saw 172.22.0.1");
      await allSilent([
        cellmate.listenFor(UPLINK.outside, 80),
        cellmate.listenFor(UPLINK.outside6, 80),
        cellmate.listenFor(UPLINK.host, 8080),
        cellmate.listenFor(UPLINK.host6, 8080),
        outside.listenFor(INMATE, 80),
        outside.listenFor(six(INMATE), 80),
        web.listenFor(INMATE, 80),
        inmate.listenFor(ROUTED, 80),
      ]);
    });

    it("lets a grant into an internal network, whose containers answer to their bridge's address", async () => {
      const grant = {
        from: { bridge: "ctr0" },
        to: { bridge: "ctr2", address: INMATE },
        protocol: "tcp",
        port: 80,
      } as const;
      const grant6 = { ...grant, to: { bridge: "ctr2", address: six(INMATE) } };
      firewall.allow([grant, grant6]);
      assert.equal(await web.ask(INMATE, 80), "inmate saw 172.22.0.1");
      assert.equal(await web.ask(six(INMATE), 80), `inmate saw ${six("172.22.0.1")}`);
      assert.equal(await cellmate.ask(INMATE, 80), "inmate saw 172.22.0.3");
      firewall.deny([grant, grant6]);
      await allSilent([web.listenFor(INMATE, 80), web.listenFor(six(INMATE), 80)]);
    });

    it("keeps an internal network closed even where a port of it is published", async () => {
      const port = portTo(INMATE, 8095);
      firewall.publish([port]);
      assert.equal(await hosts.ask("127.0.0.1", 8095), "inmate saw 172.22.0.1");
      await allSilent([outside.listenFor(UPLINK.host, 8095), web.listenFor(UPLINK.host, 8095)]);
      firewall.unpublish([port]);
    });

    it("forwards nothing of a family that the network has no subnet of", async () => {
      assert.equal(await hosts.ask(six(STRANGER), 80), `stranger saw ${six("172.21.0.1")}`);
      await allSilent([
        outside.listenFor(six(STRANGER), 80),
        stranger.listenFor(UPLINK.outside6, 80),
        stranger.listenFor(six(ROUTED), 80),
      ]);
    });

    it("lets no one but the host use loopback addresses", async () => {
      const neighbourOnLink = await hosts.container("ctr0", "172.20.0.9", "172.20.0.1");
      await misrouteLoopback(neighbourOnLink, "172.20.0.1");
      await misrouteLoopback(outside, UPLINK.host);
      await allSilent(
        [8080, 8081].flatMap((port) => [
          outside.listenFor("127.0.0.1", port),
          neighbourOnLink.listenFor("127.0.0.1", port),
        ]),
      );
      await restoreLoopback(outside, UPLINK.host);
    });

    it("refuses a port that leads elsewhere, changing nothing", async () => {
      assert.throws(
        () => firewall.publish([portTo(WEB, 8099), portTo(NEIGHBOUR, 8080)]),
        (error) => error instanceof CtrError && error.code === "CTR_FIREWALL_PORT_TAKEN",
      );
      assert.equal(await outside.ask(UPLINK.host, 8099), "ECONNREFUSED");
      firewall.unpublish([portTo(NEIGHBOUR, 8080)]);
      assert.match(await outside.ask(UPLINK.host, 8080), /^web saw /);
    });

    it("leaves the administrator's chain alone, and heeds it", async () => {
      subject.dropByUser(80);
      firewall.ensure();
      firewall.sync({ networks: NETWORKS, ports: PORTS });
      assert.equal(await outside.listenFor(UPLINK.host, 8080), "silence");
      assert((await firewall.listing()).rows.some(({ owner, text }) => owner === "user" && text.includes("80")));
      subject.forgetUserRules();
      assert.match(await outside.ask(UPLINK.host, 8080), /^web saw /);
    });

    it("puts the administrator's rules back when his chain was taken away, and leaves one alone that is there", async () => {
      subject.dropByUser(80);
      assert(firewall.check());
      subject.flush();
      assert(!firewall.check());
      firewall.heal();
      assert.equal(await outside.listenFor(UPLINK.host, 8080), "silence");
      assert(firewall.check());

      // What he took away himself stays away, whatever happens to the rest.
      subject.forgetUserRules();
      assert(firewall.check());
      subject.flush();
      firewall.heal();
      assert.match(await outside.ask(UPLINK.host, 8080), /^web saw /);
      subject.dropByUser(80);
      assert(firewall.check());
      subject.forgetUserRules();
      firewall.heal();
      assert.match(await outside.ask(UPLINK.host, 8080), /^web saw /);
    });

    it("closes ports, and writes its rules again when somebody flushed them", async () => {
      const extra = portTo(WEB, 8090, { containerPort: 81 });
      firewall.publish([extra]);
      assert.match(await outside.ask(UPLINK.host, 8090), /^web saw /);
      firewall.unpublish([extra]);
      assert.equal(await outside.ask(UPLINK.host, 8090), "ECONNREFUSED");
      assert(firewall.check());

      subject.flush();
      firewall.publish([extra]);
      assert.match(await outside.ask(UPLINK.host, 8090), /^web saw /);
      assert.match(await outside.ask(UPLINK.host, 8080), /^web saw /);
      assert.equal(await outside.listenFor(WEB, 80), "silence");

      subject.flush();
      assert(!firewall.check());
      let heals = 0;
      const onHeal = () => heals++;
      using _watch = watchFirewall({ firewall, logger: silentLogger, onHeal, interval: 10 });
      await waitFor("healing", () => heals > 0);
      assert.match(await outside.ask(UPLINK.host, 8090), /^web saw /);
      assert.match(await outside.ask(UPLINK.host6, 8080), /^web saw /);
      assert.equal(await outside.listenFor(WEB, 80), "silence");
      assert.equal(heals, 1);
    });

    it("lists what is in force, with owners, and counts a port's connections", async () => {
      const connections = async (): Promise<number | undefined> => {
        const { rows } = await firewall.listing();
        const row = rows.find(
          ({ owner, text }) => owner === "web" && /tcp.*8080/.test(text) && text.includes(`${WEB}`),
        );
        assert(row, rows.map(({ place, text }) => `${place} ${text}`).join("\n"));
        return row.packets;
      };
      const before = (await connections()) ?? Number.NaN;
      await outside.ask(UPLINK.host, 8080);
      assert.equal(await connections(), before + 1);
      const { backend, rows } = await firewall.listing();
      assert.equal(backend, firewall.backend);
      for (const { networkName } of NETWORKS) assert(rows.some(({ owner }) => owner === networkName));
    });

    it("takes a network away, and what is told of it twice is no trouble", async () => {
      firewall.addNetwork(networkOf(4, { gatewayMode4: "nat" }));
      assert.equal(await outside.listenFor(NAKED, 81), "silence");
      firewall.addNetwork(networkOf(4, { gatewayMode4: "nat-unprotected" }));
      assert.equal(await outside.ask(NAKED, 81), `naked saw ${UPLINK.outside}`);
      firewall.removeNetwork("ctr4");
      firewall.removeNetwork("ctr4");
      const { rows } = await firewall.listing();
      assert(!rows.some(({ owner }) => owner === "net4"));
      assert(firewall.check());
    });
  });
}
