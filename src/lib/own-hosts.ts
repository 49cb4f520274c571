// Which names a broker on loopback answers to. A web page may give its own name the address 127.0.0.1
// (DNS rebinding) and then read what its visitor's broker says; the Host header tells such requests.

/** The hosts of a broker that listens on `host`, which is loopback: as they stand in a Host header. */
export function loopbackHosts(host: string): ReadonlySet<string> {
  const own = host.toLowerCase()
  return new Set(['localhost', '127.0.0.1', '[::1]', own.includes(':') ? `[${own}]` : own])
}

/** Whether a Host header, with a port or without, names one of `hosts`. */
export function isOwnHost(header: string, hosts: ReadonlySet<string>): boolean {
  return hosts.has(header.toLowerCase().replace(/:\d*$/, ''))
}
