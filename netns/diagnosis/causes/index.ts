/**
 * All causes that the diagnosis knows, one small file each. A code is never given to another cause; each has a page in
 * docs/diagnosis. 1xx firewall and forwarding (19x: by design), 2xx translation and published ports, 3xx links and
 * neighbours, 4xx routes and sizes, 5xx names, 6xx programs, 9xx what the diagnosis says of itself.
 */
import type { Cause } from "../types/index.ts";
import { unknownCause } from "./diagnosis/900-unknown-cause.ts";
import { disagreement } from "./diagnosis/901-disagreement.ts";
import { forwardingOff } from "./firewall/101-forwarding-off.ts";
import { linkForwardingOff } from "./firewall/102-link-forwarding-off.ts";
import { ownRuleMissing } from "./firewall/103-own-rule-missing.ts";
import { foreignTable } from "./firewall/104-foreign-table.ts";
import { legacyRule } from "./firewall/105-legacy-rule.ts";
import { legacyRuleEarly } from "./firewall/106-legacy-rule-early.ts";
import { iptablesRule } from "./firewall/107-iptables-rule.ts";
import { rejectRule } from "./firewall/108-reject-rule.ts";
import { ownIccRuleMissing } from "./firewall/109-own-icc-rule-missing.ts";
import { iccNotEnforced } from "./firewall/110-icc-not-enforced.ts";
import { bridgeTable } from "./firewall/111-bridge-table.ts";
import { ingressProgram } from "./firewall/112-ingress-program.ts";
import { ruleInsideReceiver } from "./firewall/113-rule-inside-receiver.ts";
import { ruleInsideSender } from "./firewall/114-rule-inside-sender.ts";
import { ownTableGone } from "./firewall/115-own-table-gone.ts";
import { limitingRule } from "./firewall/116-limiting-rule.ts";
import { invalidState } from "./firewall/117-invalid-state.ts";
import { inputFirewallBypassed } from "./firewall/118-input-firewall-bypassed.ts";
import { changedOnTheWay } from "./firewall/119-changed-on-the-way.ts";
import { cableDown } from "./links/301-cable-down.ts";
import { bridgeDown } from "./links/302-bridge-down.ts";
import { insideDown } from "./links/303-inside-down.ts";
import { notABridgePort } from "./links/304-not-a-bridge-port.ts";
import { portIsolated } from "./links/305-port-isolated.ts";
import { notFlooded } from "./links/306-not-flooded.ts";
import { portBlocked } from "./links/307-port-blocked.ts";
import { wrongBridgePort } from "./links/308-wrong-bridge-port.ts";
import { duplicateAddress } from "./links/309-duplicate-address.ts";
import { duplicateMac } from "./links/310-duplicate-mac.ts";
import { wrongGateway } from "./links/311-wrong-gateway.ts";
import { prefixTooWide } from "./links/312-prefix-too-wide.ts";
import { wrongNeighbour } from "./links/313-wrong-neighbour.ts";
import { arpOff } from "./links/314-arp-off.ts";
import { neighbourTableFull } from "./links/315-neighbour-table-full.ts";
import { noAddress } from "./links/316-no-address.ts";
import { vlanFiltering } from "./links/317-vlan-filtering.ts";
import { linkLost } from "./links/318-link-lost.ts";
import { ownAddress } from "./links/319-own-address.ts";
import { proxyArp } from "./links/320-proxy-arp.ts";
import { ownNetworkUnknown } from "./links/321-own-network-unknown.ts";
import { parentDown } from "./links/322-parent-down.ts";
import { nobodyHasTheAddress } from "./links/323-nobody-has-the-address.ts";
import { loopbackNameServer } from "./names/501-loopback-name-server.ts";
import { nameServerFiltered } from "./names/502-name-server-filtered.ts";
import { noNameServer } from "./names/503-no-name-server.ts";
import { dnsOverTcpFiltered } from "./names/504-dns-over-tcp-filtered.ts";
import { upstreamSilent } from "./names/505-upstream-silent.ts";
import { serverAsksItself } from "./names/506-server-asks-itself.ts";
import { nameUnknown } from "./names/507-name-unknown.ts";
import { manyQuestions } from "./names/508-many-questions.ts";
import { hostsLine } from "./names/509-hosts-line.ts";
import { serverPassedOver } from "./names/510-server-passed-over.ts";
import { searchDomain } from "./names/511-search-domain.ts";
import { namesFromFiles } from "./names/512-names-from-files.ts";
import { windowsLineEnds } from "./names/513-windows-line-ends.ts";
import { networksApart } from "./policy/190-networks-apart.ts";
import { internalNetwork } from "./policy/191-internal-network.ts";
import { iccOff } from "./policy/192-icc-off.ts";
import { notPublished } from "./policy/193-not-published.ts";
import { noNetwork } from "./policy/194-no-network.ts";
import { macvlanApart } from "./policy/195-macvlan-apart.ts";
import { nobodyListens } from "./programs/601-nobody-listens.ts";
import { listensOnLoopback } from "./programs/602-listens-on-loopback.ts";
import { wrongContainerPort } from "./programs/603-wrong-container-port.ts";
import { acceptQueueFull } from "./programs/604-accept-queue-full.ts";
import { outOfFiles } from "./programs/605-out-of-files.ts";
import { programStopped } from "./programs/606-program-stopped.ts";
import { clientPortsUsedUp } from "./programs/607-client-ports-used-up.ts";
import { receiveBufferFull } from "./programs/608-receive-buffer-full.ts";
import { rateLimited } from "./programs/609-rate-limited.ts";
import { noSocketMemory } from "./programs/610-no-socket-memory.ts";
import { notRunning } from "./programs/611-not-running.ts";
import { connectionNotTaken } from "./programs/612-connection-not-taken.ts";
import { answersFromElsewhere } from "./programs/613-answers-from-elsewhere.ts";
import { noDefaultRoute } from "./routing/401-no-default-route.ts";
import { hostHasNoRoute } from "./routing/402-host-has-no-route.ts";
import { swallowingRoute } from "./routing/403-swallowing-route.ts";
import { refusingRoute } from "./routing/404-refusing-route.ts";
import { overlappingSubnet } from "./routing/405-overlapping-subnet.ts";
import { diverted } from "./routing/406-diverted.ts";
import { reversePath } from "./routing/407-reverse-path.ts";
import { ttlExpired } from "./routing/408-ttl-expired.ts";
import { tooBig } from "./routing/409-too-big.ts";
import { pathMtuBlackHole } from "./routing/410-path-mtu-black-hole.ts";
import { endsDifferInMtu } from "./routing/411-ends-differ-in-mtu.ts";
import { farMtu } from "./routing/412-far-mtu.ts";
import { noIpv6 } from "./routing/413-no-ipv6.ts";
import { sourceOfNobody } from "./routing/414-source-of-nobody.ts";
import { mainTableUnused } from "./routing/415-main-table-unused.ts";
import { refusedElsewhere } from "./routing/420-refused-elsewhere.ts";
import { noAnswerFromElsewhere } from "./routing/421-no-answer-from-elsewhere.ts";
import { nobodyOnTheUplink } from "./routing/422-nobody-on-the-uplink.ts";
import { notMasqueraded } from "./translation/201-not-masqueraded.ts";
import { untracked } from "./translation/202-untracked.ts";
import { noPortFree } from "./translation/203-no-port-free.ts";
import { portNotTranslated } from "./translation/204-port-not-translated.ts";
import { portLeadsAstray } from "./translation/205-port-leads-astray.ts";
import { staleFlow } from "./translation/206-stale-flow.ts";
import { publishRuleMissing } from "./translation/207-publish-rule-missing.ts";
import { publishedElsewhere } from "./translation/208-published-elsewhere.ts";
import { localhost } from "./translation/209-localhost.ts";
import { hairpinOff } from "./translation/210-hairpin-off.ts";
import { hairpinNotMasqueraded } from "./translation/211-hairpin-not-masqueraded.ts";
import { portTaken } from "./translation/212-port-taken.ts";
import { publishedForIpv4Only } from "./translation/213-published-for-ipv4-only.ts";
import { connectionTableFull } from "./translation/214-connection-table-full.ts";
import { addressLost } from "./translation/215-address-lost.ts";
import { forgottenAtOnce } from "./translation/216-forgotten-at-once.ts";

/** In the order of their codes. */
export const CAUSES: readonly Cause[] = [
  forwardingOff,
  linkForwardingOff,
  ownRuleMissing,
  foreignTable,
  legacyRule,
  legacyRuleEarly,
  iptablesRule,
  rejectRule,
  ownIccRuleMissing,
  iccNotEnforced,
  bridgeTable,
  ingressProgram,
  ruleInsideReceiver,
  ruleInsideSender,
  ownTableGone,
  limitingRule,
  invalidState,
  inputFirewallBypassed,
  changedOnTheWay,
  networksApart,
  internalNetwork,
  iccOff,
  notPublished,
  noNetwork,
  macvlanApart,
  notMasqueraded,
  untracked,
  noPortFree,
  portNotTranslated,
  portLeadsAstray,
  staleFlow,
  publishRuleMissing,
  publishedElsewhere,
  localhost,
  hairpinOff,
  hairpinNotMasqueraded,
  portTaken,
  publishedForIpv4Only,
  connectionTableFull,
  addressLost,
  forgottenAtOnce,
  cableDown,
  bridgeDown,
  insideDown,
  notABridgePort,
  portIsolated,
  notFlooded,
  portBlocked,
  wrongBridgePort,
  duplicateAddress,
  duplicateMac,
  wrongGateway,
  prefixTooWide,
  wrongNeighbour,
  arpOff,
  neighbourTableFull,
  noAddress,
  vlanFiltering,
  linkLost,
  ownAddress,
  proxyArp,
  ownNetworkUnknown,
  parentDown,
  nobodyHasTheAddress,
  noDefaultRoute,
  hostHasNoRoute,
  swallowingRoute,
  refusingRoute,
  overlappingSubnet,
  diverted,
  reversePath,
  ttlExpired,
  tooBig,
  pathMtuBlackHole,
  endsDifferInMtu,
  farMtu,
  noIpv6,
  sourceOfNobody,
  mainTableUnused,
  refusedElsewhere,
  noAnswerFromElsewhere,
  nobodyOnTheUplink,
  loopbackNameServer,
  nameServerFiltered,
  noNameServer,
  dnsOverTcpFiltered,
  upstreamSilent,
  serverAsksItself,
  nameUnknown,
  manyQuestions,
  hostsLine,
  serverPassedOver,
  searchDomain,
  namesFromFiles,
  windowsLineEnds,
  nobodyListens,
  listensOnLoopback,
  wrongContainerPort,
  acceptQueueFull,
  outOfFiles,
  programStopped,
  clientPortsUsedUp,
  receiveBufferFull,
  rateLimited,
  noSocketMemory,
  notRunning,
  connectionNotTaken,
  answersFromElsewhere,
  unknownCause,
  disagreement,
];
