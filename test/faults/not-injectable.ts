/** Causes of the catalogue that cannot be made in a namespace, on this kernel, or with this engine: and why. */
export const NOT_INJECTABLE: Readonly<Record<string, string>> = {
  "118":
    "no fault of a path: a warning about published ports that an INPUT firewall does not see (a decoy has such a firewall)",
  "212": "the engine holds its published ports with sockets of its own, so nobody else gets them",
  "214": "nf_conntrack_max can be set in the initial namespace alone",
  "315": "neighbour tables' thresholds (gc_thresh3) can be set in the initial namespace alone",
  "317": "the kernel has no VLAN filtering of bridges",
  "506": "the engine's name server listens inside containers alone: the host's resolv.conf cannot lead back to it",
  "608": "datagrams are lost for as long as a program does not read: that is the state of 606",
  "x-queue": "the kernel has no queue to programs (nft queue)",
  "610": "the memory of sockets of the machine would be used up",
};
