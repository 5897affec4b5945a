import { iptables } from "./firewall-subjects.ts";
import { describeFirewall } from "./firewall-suite.ts";

describeFirewall(iptables("legacy"));
