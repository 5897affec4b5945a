import { describeFirewall, iptables } from "./firewall-suite.ts";

describeFirewall(iptables("legacy"));
