// Changes who exists and who may do what: in force at once, on open connections too; a change is done when
// it is durable. Whoever may not be there any more is told so, in RabbitMQ's words.
import { authLimits } from '../limits/auth.ts'
import { brokerLimits } from '../limits/broker.ts'
import type {
  AccessChange,
  LimitValues,
  PermissionRow,
  TopicPermissionRow,
  UserRow,
} from '../meta/access-rows.ts'
import type { VHostMetadata } from '../meta/topology-change.ts'
import { type Broker, defaultVHost } from './broker.ts'
import { changeAccess, whyNoMoreUsers } from './change-access.ts'
import type { ClientRegistry } from './client/client-registry.ts'
import type { Client } from './client/client.ts'
import { deleteVHost } from './delete-vhost.ts'
import { whenDurable } from './when-durable.ts'

/** What a change needs of the node beside its broker. */
export interface AccessKeeperParts {
  readonly broker: Broker
  readonly clients: ClientRegistry
  /** Virtual hosts that the settings name: a start would make them again. */
  readonly settingsVHosts: readonly string[]
  /** Where virtual hosts have cells; left out, all of them are the broker's. */
  readonly sharedVHosts?: SharedVHosts | undefined
}

/** Which cell of a cluster has which virtual host, for the broker of one of them. */
export interface SharedVHosts {
  /** Resolves when the virtual host is the broker's to make. Rejects with `precondition_failed` when it is not. */
  place(name: string): Promise<void>
  /** Its broker has deleted it, which `deleted` makes durable: then it has no cell any more. */
  remove(name: string, deleted: Promise<void>): Promise<void>
}

export class AccessKeeper {
  readonly #parts: AccessKeeperParts

  constructor(parts: AccessKeeperParts) {
    this.#parts = parts
  }

  /** With permissions of its own, if it is new. Resolves when all of it is durable. */
  putUser(row: UserRow, permissions: readonly PermissionRow[] = []): Promise<void> {
    const permitted = permissions.map(
      (each) => ({ kind: 'permission', op: 'put', row: each }) as const,
    )
    return this.#change([{ kind: 'user', op: 'put', row }, ...permitted])
  }

  /** Their connections are closed. Undefined when there is none of them; the settings' user stays. */
  deleteUsers(names: readonly string[]): Promise<void> | undefined {
    const { access } = this.#parts.broker
    const gone = new Set(
      names.filter((name) => !access.isOwn(name) && access.findUser(name) !== undefined),
    )
    if (gone.size === 0) return undefined
    const done = this.#change([...gone].map((name) => ({ kind: 'user', op: 'delete', name })))
    this.#close(
      ({ principal }) => principal !== undefined && gone.has(principal.user),
      ({ principal }) => `user '${principal?.user}' is deleted`,
    )
    return done
  }

  /** Replaces what limits the user. */
  limitUser(user: UserRow, limits: LimitValues): Promise<void> {
    return this.putUser({ ...user, limits })
  }

  setPermission(row: PermissionRow): Promise<void> {
    return this.#change([{ kind: 'permission', op: 'put', row }])
  }

  clearPermission(user: string, vhost: string): Promise<void> {
    return this.#change([{ kind: 'permission', op: 'delete', user, vhost }])
  }

  setTopicPermission(row: TopicPermissionRow): Promise<void> {
    return this.#change([{ kind: 'topic-permission', op: 'put', row }])
  }

  /** Several are one change. */
  clearTopicPermissions(rows: readonly TopicPermissionRow[]): Promise<void> {
    return this.#change(
      rows.map(({ user, vhost, exchange }) => {
        return { kind: 'topic-permission', op: 'delete', user, vhost, exchange }
      }),
    )
  }

  /** Makes a virtual host, or changes what it was made with. */
  putVHost(name: string, metadata: VHostMetadata): Promise<void> {
    const { broker, sharedVHosts } = this.#parts
    const put = (): Promise<void> => {
      const ticket = broker.putVHost(name, metadata)
      broker.rates.refresh('vhost', name)
      return whenDurable(ticket)
    }
    return sharedVHosts === undefined ? put() : sharedVHosts.place(name).then(put)
  }

  /** Why there may be no further virtual host of this name; undefined when there may. */
  whyNoVHost(name: string): string | undefined {
    const { broker } = this.#parts
    const limit = brokerLimits.vhostsMax
    if (broker.findVHost(name) !== undefined || broker.vhostNames.length < limit) return undefined
    return `cannot create vhost '${name}': vhost limit of ${limit} is reached`
  }

  /** Whether somebody has said that a virtual host is not to be deleted. */
  isProtected(name: string): boolean {
    return this.#parts.broker.findVHost(name)?.metadata?.isProtected === true
  }

  /** Why a virtual host stays; undefined when it may be deleted, if nobody protects it. */
  whyKept(name: string): string | undefined {
    if (name === defaultVHost) {
      return `vhost '${name}' cannot be deleted: Kafka's topics are in it`
    }
    if (!this.#parts.settingsVHosts.includes(name)) return undefined
    return `vhost '${name}' stands in the settings: take it out of --vhosts first`
  }

  /** Deletes a virtual host and all in it; its connections are closed. Undefined when there is none. */
  deleteVHost(name: string): Promise<void> | undefined {
    const { broker } = this.#parts
    const vhost = broker.findVHost(name)
    if (vhost === undefined) return undefined
    const ticket = deleteVHost(broker, vhost)
    broker.rates.refresh('vhost', name)
    this.#close(
      (client) => client.vhost === name,
      () => `vhost '${name}' is deleted`,
    )
    const deleted = whenDurable(ticket)
    return this.#parts.sharedVHosts?.remove(name, deleted) ?? deleted
  }

  /** Why there is no room for another user or permission; undefined when there is. */
  get whyFull(): string | undefined {
    const { access } = this.#parts.broker
    const { permissions, topicPermissions } = access.counts
    const full = whyNoMoreUsers(this.#parts.broker)
    if (full !== undefined) return full
    const most = Math.max(permissions, topicPermissions)
    if (most < authLimits.permissionsMax) return undefined
    return `there are ${most} permissions, and no more fit`
  }

  #change(changes: readonly AccessChange[]): Promise<void> {
    return whenDurable(changeAccess(this.#parts.broker, changes))
  }

  #close(isGone: (client: Client) => boolean, reasonOf: (client: Client) => string): void {
    for (const client of this.#parts.clients.listed()) {
      if (isGone(client)) client.close(reasonOf(client))
    }
  }
}
