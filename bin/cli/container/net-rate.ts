/** `--net-rate`: how fast a container may send and receive. */
import type { NetworkRate } from "../../../runtime/index.ts";
import { parseRate } from "../network/rate.ts";

/** `10mbit` for both directions, `egress=10mbit,ingress=50mbit` for one each, `none`. */
export function parseNetworkRate(text: string): NetworkRate {
  if (!text.includes("=")) {
    const rate = parseRate(text);
    return { Egress: rate, Ingress: rate };
  }
  const rates: { Egress?: number; Ingress?: number } = {};
  for (const part of text.split(",")) {
    const [direction = "", rate = ""] = part.split("=", 2);
    if (direction === "egress") rates.Egress = parseRate(rate);
    else if (direction === "ingress") rates.Ingress = parseRate(rate);
    else
      throw new Error(`"${direction}" is no direction: write egress=10mbit (what it sends), ingress=10mbit, or both`);
  }
  return rates;
}
