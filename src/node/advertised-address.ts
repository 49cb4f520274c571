import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Address } from '../lib/listen.ts'

/** HOST:PORT that clients are told. Throws `ExitError` for one that is none. */
export function parseAdvertised(text: string | undefined, setting: string): Address | undefined {
  if (text === undefined) return undefined
  const parts = /^\[?(.+?)\]?:(\d{1,5})$/.exec(text)
  const port = Number(parts?.[2])
  if (!parts?.[1] || port < 1 || port > 65_535) {
    throw new ExitError(
      exitCodes.config,
      `${setting}: '${text}' is no address: write HOST:PORT, such as broker.example.com:9092`,
    )
  }
  return { host: parts[1], port }
}
