// The node port of a node of a cluster, and where the others reach it.
import os from 'node:os'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import type { Address } from '../lib/listen.ts'
import { isLoopback } from '../lib/loopback.ts'
import { type LinkHandlers, LinkListener } from '../server/node-link/link-listener.ts'
import { listenerPartsOf } from './listener-parts.ts'
import { openPort } from './listeners.ts'
import type { NodeFrame } from './node-frame.ts'

/** The name of the service in the log and the ready file. */
export const nodeService = 'node'

export interface NodePortParts {
  readonly frame: NodeFrame
  /** Of the cluster, as PostgreSQL has it. */
  readonly secret: Buffer
  readonly handlers: LinkHandlers
}

/** Listens for the other nodes. Rejects with an `ExitError`. */
export async function openNodePort(parts: NodePortParts): Promise<Disposable> {
  const { frame, secret, handlers } = parts
  const { clock, random, options } = frame
  const links = new LinkListener({
    secret,
    handlers,
    clock,
    random,
    logger: frame.logger.child({ area: 'node' }),
  })
  const port = { name: nodeService, port: options.nodePort, isTls: false }
  const listener = await openPort(port, links.accept, listenerPartsOf(frame))
  return {
    [Symbol.dispose]() {
      listener.close()
      links[Symbol.dispose]()
    },
  }
}

/**
 * Where other nodes reach the node port, once it is open: as --node-address says, or under the machine's name. Throws
 * `ExitError` for an address that is none.
 */
export function nodeAddressOf({ options, addresses }: NodeFrame): Address | undefined {
  const open = addresses[nodeService]
  if (open === undefined) return undefined
  const { nodeAddress } = options
  if (nodeAddress === undefined) {
    const host = isLoopback(open.host) ? open.host : os.hostname()
    return { host, port: open.port }
  }
  const [, plain, bracketed, port] =
    /^(?:([^:[\]]+)|\[([^\]]+)\])(?::(\d{1,5}))?$/.exec(nodeAddress) ?? []
  const host = plain ?? bracketed
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) {
    throw new ExitError(
      exitCodes.config,
      `node-address: '${nodeAddress}' is no address: write HOST or HOST:PORT, such as pabal-1.example.com`,
    )
  }
  return { host, port: port === undefined ? open.port : Number(port) }
}
