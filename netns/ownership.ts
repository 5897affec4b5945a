/** One engine to a network namespace: two would take each other's veth pairs and rules for leftovers. */
import { conflict } from "../lib/errors.ts";
import { errnoName, lastErrno, rawCall, SystemCallError, systemCall } from "../lib/system/libc.ts";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM } from "../lib/system/socket.ts";

/**
 * Holds the right to manage the bridges of this network namespace, until disposed of or the process ends. It is a name
 * in the abstract unix socket space (see unix(7)), which each network namespace has of its own, and which the kernel
 * frees however the process ends.
 */
export class NetworkOwnership implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @throws `conflict` when another process holds it */
  static take(): NetworkOwnership {
    const fd = systemCall("socket", "network lock", AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const address = Buffer.concat([Buffer.from([AF_UNIX, 0]), Buffer.from("\0ctr/network")]);
    if (rawCall("bind", fd, address, address.length) === 0) return new NetworkOwnership(fd);
    const errno = lastErrno();
    rawCall("close", fd);
    if (errnoName(errno) !== "EADDRINUSE") throw new SystemCallError("bind", errno, "network lock");
    throw conflict("another ctrd manages the network of this network namespace", {
      code: "CTR_NETWORK_OWNED",
      hint: "stop it, or run this one in a network namespace of its own: unshare -n",
    });
  }

  [Symbol.dispose](): void {
    rawCall("close", this.#fd);
  }
}
