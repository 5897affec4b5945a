import type { Backend } from "../backend.ts";
import { noBackend } from "../no-backend.ts";
export const openIptables = (_: object): Backend => noBackend("iptables");
