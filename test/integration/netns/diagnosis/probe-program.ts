/** Probes a destination for a long time, to be killed meanwhile: ADDRESS PORT WEB-NAMESPACE API-NAMESPACE */
import { probe } from "../../../../netns/index.ts";
import { flow, viewOf } from "./probe-network.ts";

const [address = "", port, web = "", api = ""] = process.argv.slice(2);
const namespaces = new Map([
  ["web", web],
  ["api", api],
]);
await probe(viewOf(namespaces), flow("web", address, Number(port)), { namespaces, timeout: 60_000, attempts: 1 });
