import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { isAddress } from '../lib/is-address.ts'
import type { Address } from '../lib/listen.ts'

/** HOST or HOST:PORT of --node-address; IPv6 addresses with a port have brackets. Throws `ExitError`. */
export function parseNodeAddress(
  text: string | undefined,
): (Pick<Address, 'host'> & Partial<Address>) | undefined {
  if (text === undefined) return undefined
  if (isAddress(text)) return { host: text }
  const parts = /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text)
  const port = Number(parts?.[3] ?? 1)
  const host = parts?.[1] ?? parts?.[2]
  if (host === undefined || port < 1 || port > 65_535) {
    throw new ExitError(
      exitCodes.config,
      `node-address: '${text}' is no address: write HOST or HOST:PORT, such as pabal-1.example.com`,
    )
  }
  return parts?.[3] === undefined ? { host } : { host, port }
}
