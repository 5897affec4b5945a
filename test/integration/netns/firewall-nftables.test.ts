import { nftables } from "./firewall-subjects.ts";
import { describeFirewall } from "./firewall-suite.ts";

describeFirewall(nftables);
