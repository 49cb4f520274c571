// One port on several hosts: `localhost` is 127.0.0.1 for some programs and ::1 for others.
import type { Address } from './listen.ts'

/** Something that listens on one host. */
export interface Bound {
  readonly address: Address
  close(): void
}

export interface SamePortOptions<Server extends Bound> {
  /** The first has to be there; of the others those count that the machine has. */
  readonly hosts: readonly [string, ...string[]]
  /** 0 for any port that is free on all of them. */
  readonly port: number
  /** Rejects with an error whose cause is the system's. */
  readonly listen: (host: string, port: number) => Promise<Server>
  /** The machine has no such address, and nobody listens there. */
  readonly onMissing: (host: string) => void
}

/** A port that is free on one host is seldom taken on another; more tries would not help. */
const triesMax = 10
/** No such address here; no such family of addresses. */
const missingCodes = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

/** Listens on all hosts, with the same port. Rejects as `listen`, and then nothing is open. */
export async function listenOnSamePort<Server extends Bound>(
  options: SamePortOptions<Server>,
): Promise<Server[]> {
  for (let tries = 1; ; tries++) {
    const bound: Server[] = []
    try {
      await listenOnAll(options, bound)
      return bound
    } catch (error) {
      for (const each of bound) each.close()
      const mayTryAgain = options.port === 0 && bound.length > 0 && tries < triesMax
      if (!mayTryAgain || codeOf(error) !== 'EADDRINUSE') throw error
    }
  }
}

async function listenOnAll<Server extends Bound>(
  { hosts, port, listen, onMissing }: SamePortOptions<Server>,
  bound: Server[],
): Promise<void> {
  const [first, ...others] = hosts
  bound.push(await listen(first, port))
  for (const host of others) {
    try {
      bound.push(await listen(host, bound[0]?.address.port ?? port))
    } catch (error) {
      if (!missingCodes.has(codeOf(error))) throw error
      onMissing(host)
    }
  }
}

function codeOf(error: unknown): string {
  const cause =
    error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined
  return cause?.code ?? ''
}
