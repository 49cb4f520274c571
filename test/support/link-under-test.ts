// A node port in the test's process, with what it logs, and nodes that connect to it.
import type { Clock } from '../../src/lib/clock.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { type Listener, openListener } from '../../src/server/listener.ts'
import { type LinkCipher, plainLinks } from '../../src/server/node-link/link-cipher.ts'
import { type IncomingLink, LinkListener } from '../../src/server/node-link/link-listener.ts'
import { type LinkVersions, linkVersions } from '../../src/server/node-link/link-proof.ts'
import { NodeLinks, type LinkTarget } from '../../src/server/node-link/node-links.ts'
import { notingLogger } from './noting-logger.ts'

export const clusterSecret: Buffer = Buffer.alloc(32, 7)

export class LinkUnderTest implements Disposable {
  readonly links: LinkListener
  readonly warnings: string[]
  readonly target: LinkTarget
  readonly #listener: Listener

  private constructor(links: LinkListener, warnings: string[], listener: Listener) {
    this.links = links
    this.warnings = warnings
    this.#listener = listener
    this.target = { node: 1, incarnation: 1, addresses: { link: listener.address } }
  }

  /** Takes links of AMQP. */
  static async open(
    amqp: (link: IncomingLink) => void,
    clock: Clock = systemClock,
    cipher: LinkCipher = plainLinks,
    versions: LinkVersions = linkVersions,
  ): Promise<LinkUnderTest> {
    const { logger, warnings } = notingLogger()
    const links = new LinkListener({
      secret: clusterSecret,
      handlers: { amqp },
      clock,
      random: systemRandom,
      cipher,
      logger,
      versions,
    })
    const listener = await openListener({
      service: 'node',
      host: '127.0.0.1',
      port: 0,
      onSocket: links.accept,
      onAcceptProblem: (reason) => warnings.push(reason),
    })
    return new LinkUnderTest(links, warnings, listener)
  }

  get port(): number {
    return this.#listener.address.port
  }

  [Symbol.dispose](): void {
    this.#listener.close()
    this.links[Symbol.dispose]()
  }
}

/** Another node of the cluster. */
export function neighbour(
  secret: Buffer = clusterSecret,
  cipher: LinkCipher = plainLinks,
): NodeLinks {
  return new NodeLinks({ secret, clock: systemClock, random: systemRandom, cipher })
}
