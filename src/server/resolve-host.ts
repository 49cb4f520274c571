import { lookup } from 'node:dns/promises'

/** The addresses that this machine finds under a name; none when it knows no such name. */
export async function resolveHost(host: string): Promise<readonly string[]> {
  try {
    const found = await lookup(host, { all: true })
    return found.map(({ address }) => address)
  } catch {
    return []
  }
}
