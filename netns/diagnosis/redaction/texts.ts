/** Addresses within texts: rules, comments, files. */
import { addressOf, formatAddress, formatCidr, readAddress, readCidr, subnetOf } from "../../ipam/ip.ts";
import type { AddressMapping } from "./addresses.ts";

const MAC = /(?<![\w:])(?:[0-9a-f]{2}:){5}[0-9a-f]{2}(?![\w:])/gi;
const IPV4 = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:\/\d{1,2})?(?![\w.]*\w)/g;
/** Two colons at least; what is none in the end is left alone. */
const IPV6 = /(?<![\w:.])(?=[0-9a-f:.]*:[0-9a-f.]*:)[0-9a-f:]+(?:\.\d{1,3}){0,3}(?:\/\d{1,3})?(?![\w:])/gi;

/** Replaces all addresses in a text, those of networks (`1.2.3.0/24`) too. */
export function mapText(text: string, mapping: AddressMapping): string {
  return text
    .replace(MAC, (mac) => mapping.mac(mac.toLowerCase()))
    .replace(IPV4, (found) => mapAddress(found, mapping))
    .replace(IPV6, (found) => mapAddress(found, mapping));
}

function mapAddress(text: string, mapping: AddressMapping): string {
  if (!text.includes("/")) {
    const address = readAddress(text);
    return address === undefined ? text : formatAddress(mapping.address(address));
  }
  const cidr = readCidr(text);
  if (cidr === undefined) return text;
  if (subnetOf(cidr).address === cidr.address) return formatCidr(mapping.subnet(cidr));
  return `${formatAddress(mapping.address(addressOf(cidr)))}/${cidr.prefixLength}`;
}
