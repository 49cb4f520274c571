// Limits of users hold for all nodes together. A client of a user that may have so many connections is let in once the
// other nodes have said how many they have. It counts for them from then on, so of two that come to two nodes at the same
// time at most one is the last that may come in. Of users with limits that have clients here all is asked once a second:
// channels are judged by that, and clients whose protocol says only later who they are.
import { ownerCaller } from '../admin/api/caller.ts'
import type { ClusterDoor } from '../admin/api/where.ts'
import type { AccessControl } from '../auth/access-control.ts'
import type { ClientRegistry } from '../broker/client/client-registry.ts'
import type {
  ClientsElsewhere,
  ClientUsage,
  EnteringClient,
} from '../broker/client/client-usage.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import { isObject } from '../lib/is-object.ts'
import { clusterHttpLimits } from '../limits/cluster.ts'

export interface ClientsAtNodesParts {
  readonly cluster: Pick<ClusterDoor, 'directory' | 'ask'>
  readonly access: Pick<AccessControl, 'findUser'>
  readonly clients: ClientRegistry
  readonly clock: Clock
}

type LimitName = 'max-connections' | 'max-channels'

export class ClientsAtNodes implements ClientsElsewhere, Disposable {
  readonly #parts: ClientsAtNodesParts
  /** User → node → what it has said last. */
  readonly #said = new Map<string, Map<number, ClientUsage>>()
  readonly #timer: Timer
  #isLooking = false

  constructor(parts: ClientsAtNodesParts) {
    this.#parts = parts
    this.#timer = parts.clock.every(clusterHttpLimits.usageLookMs, () => void this.#look())
  }

  ofUser(user: string): ClientUsage {
    let [connections, channels] = [0, 0]
    for (const said of this.#said.get(user)?.values() ?? []) {
      connections += said.connections
      channels += said.channels
    }
    return { connections, channels }
  }

  /**
   * For a client that is about to open its virtual host. Undefined when nobody has to be asked; otherwise resolves when
   * `ofUser` is right, for as long as nothing else is waited for. Never rejects.
   */
  enter(user: string): Promise<void> | undefined {
    if (!this.#hasLimit(user, 'max-connections') || this.#others().length === 0) return undefined
    return this.#enter({ user })
  }

  [Symbol.dispose](): void {
    this.#timer.stop()
  }

  async #enter(client: EnteringClient): Promise<void> {
    const { entering } = this.#parts.clients
    entering.add(client)
    await this.#ask(client.user)
    entering.delete(client)
  }

  /** Those that nobody needs are forgotten. */
  async #look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const isLimited = (user: string): boolean =>
      this.#hasLimit(user, 'max-connections') || this.#hasLimit(user, 'max-channels')
    const wanted = [...this.#usersHere()].filter(isLimited)
    const kept = new Set(wanted)
    for (const { user } of this.#parts.clients.entering) kept.add(user)
    for (const user of this.#said.keys()) if (!kept.has(user)) this.#said.delete(user)
    await Promise.all(wanted.map((user) => this.#ask(user)))
    this.#isLooking = false
  }

  #usersHere(): Set<string> {
    const users = new Set<string>()
    for (const { principal } of this.#parts.clients) if (principal) users.add(principal.user)
    return users
  }

  #hasLimit(user: string, name: LimitName): boolean {
    const limit = this.#parts.access.findUser(user)?.limits?.[name]
    return limit !== undefined && limit >= 0
  }

  /** Nodes that are there. Clients of those that are not have gone with them. */
  #others(): number[] {
    const { nodes } = this.#parts.cluster.directory
    return nodes.filter(({ isAlive, isSelf }) => isAlive && !isSelf).map(({ node }) => node)
  }

  async #ask(user: string): Promise<void> {
    const said = this.#said.get(user) ?? new Map<number, ClientUsage>()
    this.#said.set(user, said)
    const others = this.#others()
    for (const node of said.keys()) if (!others.includes(node)) said.delete(node)
    const query = new URLSearchParams({ user })
    await Promise.all(
      others.map(async (node) => {
        const usage = await this.#askNode(node, `/api/v1/usage?${query.toString()}`)
        // Of one that does not answer in time what it has said before counts, while it is there.
        if (usage !== undefined) said.set(node, usage)
      }),
    )
  }

  async #askNode(node: number, url: string): Promise<ClientUsage | undefined> {
    const { signal } = new AbortController()
    const asked = { method: 'GET', url, headers: {}, caller: ownerCaller, signal }
    const patience = { ownerMs: 0, headMs: clusterHttpLimits.gatherMs }
    try {
      const answer = await this.#parts.cluster.ask({ node }, asked, patience)
      const json: unknown = answer.ok ? await answer.json() : await answer.body?.cancel()
      return isUsage(json) ? json : undefined
    } catch {
      return undefined
    }
  }
}

function isUsage(json: unknown): json is ClientUsage {
  if (!isObject(json)) return false
  return [json['connections'], json['channels']].every((value) => Number.isSafeInteger(value))
}
