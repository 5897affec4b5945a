/** Statements through `nft -f -`, for hosts without the library. It acts on the namespace of the calling thread. */
import { spawnSync } from "node:child_process";
import { hasCode, unsupported } from "../../../lib/errors.ts";
import { NftError, type NftTransport } from "./transport.ts";

export function openNftCommand(): NftTransport {
  return {
    name: "nft",
    run(script) {
      const { error, status, stdout, stderr } = spawnSync("nft", ["-f", "-"], { input: script, encoding: "utf8" });
      if (hasCode(error, "ENOENT")) {
        throw unsupported("neither libnftables.so.1 nor the nft program is on this host", {
          code: "CTR_NFTABLES_MISSING",
          hint: "install the package nftables",
          cause: error,
        });
      }
      if (error !== undefined) throw error;
      if (status !== 0) throw new NftError(stderr);
      return stdout;
    },
    [Symbol.dispose]() {},
  };
}
