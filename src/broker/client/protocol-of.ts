import type { Client } from './client.ts'

/** What lists say that a client speaks: `STOMP 1.2`. */
export function protocolOf({
  protocol,
  protocolVersion,
}: Pick<Client, 'protocol' | 'protocolVersion'>): string {
  return protocolVersion === undefined ? protocol : `${protocol} ${protocolVersion}`
}
