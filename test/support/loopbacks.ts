import { networkInterfaces } from 'node:os'

/** Whether this machine has ::1; the broker goes on without it. */
export function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  )
}
