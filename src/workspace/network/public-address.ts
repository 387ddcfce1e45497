import { BlockList, isIP } from "node:net";

/** IANA special-purpose registries (RFC 6890 and later), and Azure's wire server, which every GitHub-hosted runner can reach. */
const NOT_PUBLIC_V4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];
/** Global unicast is 2000::/3; in it these are not public, or carry an IPv4 address that could be private (Teredo, 6to4). */
const NOT_PUBLIC_V6 = ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"];

const blocked = new BlockList();
const globalUnicast = new BlockList();
for (const range of NOT_PUBLIC_V4) addRange(blocked, range, "ipv4");
for (const range of NOT_PUBLIC_V6) addRange(blocked, range, "ipv6");
addRange(globalUnicast, "2000::/3", "ipv6");

function addRange(list: BlockList, range: string, family: "ipv4" | "ipv6"): void {
  const [address = "", prefix] = range.split("/");
  list.addSubnet(address, Number(prefix), family);
}

/** True for an address anybody on the internet could have: not this machine, not its networks, not a cloud's metadata service. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !blocked.check(address, "ipv4");
  // What maps or embeds an IPv4 address outside of 2000::/3 (::ffff:, 64:ff9b::) is refused with the rest of it.
  return isIP(address) === 6 && globalUnicast.check(address, "ipv6") && !blocked.check(address, "ipv6");
}
