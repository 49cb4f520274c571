/**
 * Whether `host` is this machine only: `localhost`, 127.0.0.0/8, `::1`, or one of these in the
 * IPv4-mapped form that dual-stack sockets report. Names other than `localhost` count as reachable.
 */
export function isLoopback(host: string): boolean {
  const address = unmapped(host.toLowerCase())
  return address === 'localhost' || address === '::1' || /^127(?:\.\d{1,3}){3}$/.test(address)
}

/** An IPv4 address in the IPv6-mapped form that dual-stack sockets report as what it is. */
export function unmapped(address: string): string {
  return address.replace(/^::ffff:/, '')
}
