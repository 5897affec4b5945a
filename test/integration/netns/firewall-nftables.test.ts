import { describeFirewall, nftables } from "./firewall-suite.ts";

describeFirewall(nftables);
