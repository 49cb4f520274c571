import { unmapped } from './loopback.ts'

/**
 * One text for each address: `::1` and `0:0:0:0:0:0:0:1`, which Java writes, are the same, and so are an IPv4
 * address and its IPv6-mapped form. What is no address stays as it is.
 */
export function canonicalHost(host: string): string {
  const [address = ''] = host.toLowerCase().split('%')
  if (!address.includes(':')) return address
  const url = URL.parse(`http://[${address}]`)
  return url === null ? address : unmapped(fromHex(url.hostname.slice(1, -1)))
}

/** `::ffff:7f00:1`, as URLs write an IPv4-mapped address, with the IPv4 address in it. */
function fromHex(address: string): string {
  const parts = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address)
  if (parts === null) return address
  const [high = 0, low = 0] = parts.slice(1).map((part) => Number.parseInt(part, 16))
  return `::ffff:${[high >> 8, high & 255, low >> 8, low & 255].join('.')}`
}
