/** What a firewall has to do between neighbours that may not reach each other, whichever backend does it. */
import assert from "node:assert/strict";
import { Hosts, six, UPLINK } from "./firewall-hosts.ts";
import { allSilent, NEIGHBOUR, networkOf, portTo, WEB } from "./firewall-records.ts";
import type { Subject } from "./firewall-subjects.ts";

/** `icc: false`: grants and published ports alone lead from one container of a network to another. */
export function describeIsolation(subject: Subject): void {
  describe(`firewall ${subject.name}, icc off`, () => {
    it("drops between neighbours, but what a grant or a published port allows", async () => {
      await using hosts = await Hosts.start({ brNetfilter: true });
      hosts.bridge("ctr0", "172.20.0.1");
      await hosts.outside();
      const web = await hosts.container("ctr0", WEB, "172.20.0.1");
      const neighbour = await hosts.container("ctr0", NEIGHBOUR, "172.20.0.1");
      await web.serve("web", 80, 81);
      using firewall = subject.open();
      firewall.ensure();
      firewall.sync({ networks: [networkOf(0, { icc: false })], ports: [portTo(WEB, 8080)] });
      await allSilent([neighbour.listenFor(WEB, 80), neighbour.listenFor(six(WEB), 80)]);
      assert.match(await neighbour.ask(UPLINK.host, 8080), /^web saw /);
      assert.match(await hosts.ask(WEB, 80), /^web saw /);

      const from = { bridge: "ctr0", address: NEIGHBOUR };
      firewall.allow([
        { from, to: { bridge: "ctr0", address: WEB }, protocol: "tcp", port: 80 },
        {
          from: { ...from, address: six(NEIGHBOUR) },
          to: { bridge: "ctr0", address: six(WEB) },
          protocol: "tcp",
          port: 80,
        },
      ]);
      assert.equal(await neighbour.ask(WEB, 80), `web saw ${NEIGHBOUR}`);
      assert.equal(await neighbour.ask(six(WEB), 80), `web saw ${six(NEIGHBOUR)}`);
      await allSilent([neighbour.listenFor(WEB, 81), neighbour.listenFor(six(WEB), 81)]);
    });
  });
}
