// What outlives the process of sessions: rows of the log's keyed state. A session has one, and one for each of its
// subscriptions, for its will, and for each packet id of QoS 2 that is between two of its steps. A will that is due and
// cannot be published yet has one of its own, and a queue that was made for a shared subscription as well.
import { sessionLimits } from '../../limits/session.ts'
import type { LogStore } from '../../log/log-store.ts'
import { BrokerError } from '../broker-error.ts'
import type { SubscriptionOptions } from './subscription.ts'
import { decodeWill, encodeWill, type Will } from './will.ts'

/** Where a session is. */
export interface SessionPlace {
  readonly vhost: string
  readonly clientId: string
}

export interface SessionRow {
  readonly user: string
  /** How long it outlives its connection; Infinity for ever. */
  readonly expiryMs: number
  /** When its connection ended, in milliseconds since the Unix epoch; 0 while it has one. */
  readonly leftAt: number
}

/** `received`: from the client, not released by it; `released`: by the client, not done with. */
export type PacketIdKind = 'received' | 'released'

/** All of a session that was kept. */
export interface KeptSession extends SessionPlace {
  /** Undefined for one that has ended with its connection, and has only a will. */
  row: SessionRow | undefined
  will: Will | undefined
  /** By number: those that were due and have not been published. */
  readonly dueWills: Map<number, Will>
  readonly subscriptions: { readonly text: string; readonly options: SubscriptionOptions }[]
  readonly ids: Record<PacketIdKind, number[]>
  /** Queues of earlier sessions that have not given all of their messages back. */
  readonly leaving: string[]
}

const prefix = 'session/'
const groupPrefix = 'session-group/'
type RowKind = 'row' | 'will' | 'dueWill' | 'subscription' | 'leaving' | PacketIdKind

interface StoredRow {
  readonly user: string
  /** Null: for ever. */
  readonly expiryMs: number | null
  readonly leftAt: number
}

export class SessionRows {
  readonly #store: LogStore

  constructor(store: LogStore) {
    this.#store = store
  }

  /** To be called before there are more rows. Throws `resource_exhausted`: the rest is for others. */
  admit(): void {
    if (this.#store.stateUse <= sessionLimits.stateUseMax) return
    throw new BrokerError('resource_exhausted', 'the log has no room for more of sessions')
  }

  /** False when there is no room. Within an atom, as all of these. */
  put(place: SessionPlace, { user, expiryMs, leftAt }: SessionRow): boolean {
    const stored: StoredRow = { user, leftAt, expiryMs: expiryMs === Infinity ? null : expiryMs }
    return this.#put('row', place, Buffer.from(JSON.stringify(stored)))
  }

  drop(place: SessionPlace): void {
    this.#put('row', place, undefined)
  }

  putWill(place: SessionPlace, will: Will | undefined): boolean {
    return this.#put('will', place, will && encodeWill(will))
  }

  /** The will is due, and waits: its client may bring another one meanwhile. */
  putDueWill(place: SessionPlace, number: number, will: Will): boolean {
    return this.#put('dueWill', place, encodeWill(will), number)
  }

  dropDueWill(place: SessionPlace, number: number): void {
    this.#put('dueWill', place, undefined, number)
  }

  putSubscription(place: SessionPlace, text: string, options: SubscriptionOptions): boolean {
    return this.#put('subscription', place, Buffer.from(JSON.stringify(options)), text)
  }

  dropSubscription(place: SessionPlace, text: string): void {
    this.#put('subscription', place, undefined, text)
  }

  /** The session has ended, and what is in its queue has to be given back. */
  putLeaving(place: SessionPlace, queueName: string): void {
    this.#put('leaving', place, nothing, queueName)
  }

  dropLeaving(place: SessionPlace, queueName: string): void {
    this.#put('leaving', place, undefined, queueName)
  }

  putId(place: SessionPlace, kind: PacketIdKind, packetId: number): boolean {
    return this.#put(kind, place, nothing, packetId)
  }

  dropId(place: SessionPlace, kind: PacketIdKind, packetId: number): void {
    this.#put(kind, place, undefined, packetId)
  }

  /** The queue of this name is, or is going to be, made for a group that shares, and for nobody else. */
  putGroup(vhost: string, queueName: string): boolean {
    return this.#store.putState(groupPrefix + JSON.stringify([vhost, queueName]), nothing)
  }

  /** There is no such queue any more. */
  dropGroup(vhost: string, queueName: string): void {
    this.#store.putState(groupPrefix + JSON.stringify([vhost, queueName]), undefined)
  }

  #put(
    kind: RowKind,
    { vhost, clientId }: SessionPlace,
    value: Buffer | undefined,
    name?: string | number,
  ): boolean {
    const key = JSON.stringify([kind, vhost, clientId, ...(name === undefined ? [] : [name])])
    return this.#store.putState(prefix + key, value)
  }
}

const nothing = Buffer.alloc(0)

/** The rows of the log's keyed state. */
export function sessionStateOf(state: ReadonlyMap<string, Buffer>): ReadonlyMap<string, Buffer> {
  const isOne = (key: string): boolean => key.startsWith(prefix) || key.startsWith(groupPrefix)
  return new Map([...state].filter(([key]) => isOne(key)))
}

/** The queues that were made for groups. */
export function keptGroupsOf(
  state: ReadonlyMap<string, Buffer>,
): { readonly vhost: string; readonly queueName: string }[] {
  return [...state.keys()].flatMap((key) => {
    if (!key.startsWith(groupPrefix)) return []
    const [vhost, queueName] = JSON.parse(key.slice(groupPrefix.length)) as [string, string]
    return [{ vhost, queueName }]
  })
}

export function keptSessionsOf(state: ReadonlyMap<string, Buffer>): KeptSession[] {
  const sessions = new Map<string, KeptSession>()
  for (const [key, value] of state) {
    if (!key.startsWith(prefix)) continue
    const [kind, vhost, clientId, name] = JSON.parse(key.slice(prefix.length)) as StoredKey
    const place = JSON.stringify([vhost, clientId])
    const session = sessions.get(place) ?? emptySession({ vhost, clientId })
    sessions.set(place, session)
    if (kind === 'row') session.row = decodeRow(value)
    else if (kind === 'will') session.will = decodeWill(value)
    else if (kind === 'dueWill') session.dueWills.set(name as number, decodeWill(value))
    else if (kind === 'subscription') {
      const options = JSON.parse(value.toString()) as SubscriptionOptions
      session.subscriptions.push({ text: name as string, options })
    } else if (kind === 'leaving') session.leaving.push(name as string)
    else session.ids[kind].push(name as number)
  }
  return [...sessions.values()]
}

type StoredKey = [kind: RowKind, vhost: string, clientId: string, name: string | number | undefined]

function emptySession(place: SessionPlace): KeptSession {
  return {
    ...place,
    row: undefined,
    will: undefined,
    dueWills: new Map(),
    subscriptions: [],
    ids: { received: [], released: [] },
    leaving: [],
  }
}

function decodeRow(bytes: Buffer): SessionRow {
  const { expiryMs, ...rest } = JSON.parse(bytes.toString()) as StoredRow
  return { ...rest, expiryMs: expiryMs ?? Infinity }
}
