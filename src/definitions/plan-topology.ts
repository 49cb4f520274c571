// Compares policies, exchanges, queues, bindings and limits of a file with those that there are.
import { BrokerError } from '../broker/broker-error.ts'
import type { Broker } from '../broker/broker.ts'
import { sourceNameOf } from '../broker/open-source.ts'
import { checkPolicy } from '../broker/policy/check-policy.ts'
import type { Steps } from '../lib/slices.ts'
import type { LimitValues } from '../meta/access-rows.ts'
import type { VHostMetadata } from '../meta/topology-change.ts'
import type {
  BindingDefined,
  Definitions,
  ExchangeDefined,
  PolicyDefined,
  QueueDefined,
  TopicDefined,
} from './definitions.ts'
import { differencesBetween } from './differences.ts'
import type { Outcome, PlannedItem } from './plan.ts'
import { PlannedVHost } from './planned-vhost.ts'
import { vhostsWithRoom } from './vhosts-with-room.ts'

/** RabbitMQ exports bindings from and to internal exchanges, and these only by the HTTP API of 3.x. */
const perhapsInternal =
  "rabbitmqctl leaves internal exchanges out of its files: add it to the list, with 'internal': true"

export class TopologyPlanner {
  readonly #broker: Broker
  readonly #definitions: Definitions
  /** Those of the file that something is in. */
  readonly #vhosts = new Map<string, PlannedVHost>()
  /** What those will have that come with the file. */
  readonly #coming: ReadonlyMap<string, VHostMetadata>

  /** Virtual hosts of the file count as there, where there is room for them. */
  constructor(broker: Broker, definitions: Definitions) {
    this.#broker = broker
    this.#definitions = definitions
    this.#coming = new Map(
      vhostsWithRoom(broker, definitions).map(({ name, metadata }) => [name, metadata]),
    )
  }

  /** In the order in which they are made. */
  *plan(): Steps<PlannedItem[]> {
    const { policies, exchanges, queues, topics, bindings, limits } = this.#definitions
    const items: PlannedItem[] = []
    for (const row of policies) {
      yield
      items.push(this.#policy(row))
    }
    for (const row of exchanges) {
      yield
      items.push(this.#exchange(row))
    }
    // Queues may take their messages from streams, which have to be there.
    for (const row of sourcesFirst(queues)) {
      yield
      items.push(this.#queue(row))
    }
    for (const row of topics) {
      yield
      items.push(this.#topic(row))
    }
    for (const row of bindings) {
      yield
      items.push(this.#binding(row))
    }
    // Last, so that what was there beyond a limit comes in.
    for (const [vhost, values] of limits) items.push(this.#limits(vhost, values))
    return items
  }

  #policy(row: PolicyDefined): PlannedItem {
    const { vhost, name, isOperator } = row
    const kind = isOperator ? 'operator policy' : 'policy'
    const item = { kind, vhost, name }
    if (this.#find(vhost) === undefined) return noVHost(item)
    const { policy, problems } = checkPolicy(row)
    if (policy === undefined) return { ...item, outcome: 'ignored', note: problems.join('; ') }
    const before = this.#broker.findVHost(vhost)?.policies.find(isOperator, name)
    const change = { kind: 'policy', row: policy } as const
    if (before === undefined) return { ...item, outcome: 'add', change }
    const { matches: _, ...after } = policy
    const { matches: _matches, ...present } = before
    const differences = differencesBetween(present, after)
    if (differences.length === 0) return { ...item, outcome: 'same' }
    return { ...item, outcome: 'change', differences, change }
  }

  #exchange(row: ExchangeDefined): PlannedItem {
    const { vhost, name } = row
    const item = { kind: 'exchange', vhost, name } as const
    const place = this.#find(vhost)
    if (place === undefined) return noVHost(item)
    if (name === '') return { ...item, outcome: 'same' }
    return this.#compare(item, place.hasExchange(name), () => {
      return { outcome: place.exchange(row), change: { kind: item.kind, row } }
    })
  }

  #queue(row: QueueDefined): PlannedItem {
    const { vhost, name } = row
    const item = { kind: 'queue', vhost, name } as const
    const place = this.#find(vhost)
    if (place === undefined) return noVHost(item)
    return this.#compare(item, place.hasQueue(name), () => {
      return { outcome: place.queue(row), change: { kind: item.kind, row } }
    })
  }

  #topic(row: TopicDefined): PlannedItem {
    const { vhost, name } = row
    const item = { kind: 'topic', vhost, name } as const
    const place = this.#find(vhost)
    if (place === undefined) return noVHost(item)
    return this.#compare(item, false, () => {
      const outcome = place.topic(row)
      const change = { kind: item.kind, row } as const
      if (outcome !== 'change') return { outcome, change }
      return { outcome, differences: place.topicDifferences(row), change }
    })
  }

  #binding(row: BindingDefined): PlannedItem {
    const { vhost, source, destination, destinationKind, routingKey } = row
    const key = routingKey === '' ? '' : ` by '${routingKey}'`
    const name = `'${source}' to ${destinationKind} '${destination}'${key}`
    const item = { kind: 'binding', vhost, name } as const
    const place = this.#find(vhost)
    if (place === undefined) return noVHost(item)
    // The default exchange leads to every queue as it is.
    if (source === '') return { ...item, outcome: 'same' }
    const planned = this.#compare(item, false, () => {
      return { outcome: place.binding(row), change: { kind: item.kind, row } }
    })
    if (!planned.note?.startsWith('no exchange')) return planned
    return { ...planned, note: `${planned.note}; ${perhapsInternal}` }
  }

  #limits(vhost: string, limits: LimitValues): PlannedItem {
    const item = { kind: 'limits', vhost, name: Object.keys(limits).join(', ') || 'none' } as const
    if (this.#find(vhost) === undefined) return noVHost(item)
    const before = this.#broker.findVHost(vhost)?.metadata?.limits ?? {}
    const differences = differencesBetween(before, limits)
    if (differences.length === 0) return { ...item, outcome: 'same' }
    const change = { kind: item.kind, row: { vhost, limits } } as const
    if (Object.keys(before).length === 0) return { ...item, outcome: 'add', change }
    return { ...item, outcome: 'change', differences, change }
  }

  /** What is refused is ignored, or stays as it is. */
  #compare(
    item: Pick<PlannedItem, 'kind' | 'vhost' | 'name'>,
    isThere: boolean,
    decide: () => Pick<PlannedItem, 'outcome' | 'change' | 'differences'>,
  ): PlannedItem {
    try {
      const decided = decide()
      const { outcome } = decided
      return outcome === 'same' ? { ...item, outcome } : { ...item, ...decided }
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error
      const outcome: Outcome = isThere ? 'differs' : 'ignored'
      return { ...item, outcome, note: error.message }
    }
  }

  /** One that is there, or will be. */
  #find(name: string): PlannedVHost | undefined {
    const known = this.#vhosts.get(name)
    if (known !== undefined) return known
    const real = this.#broker.findVHost(name)
    const coming = this.#coming.get(name)
    if (real === undefined && coming === undefined) return undefined
    const planned = new PlannedVHost(this.#broker, name, { ...real?.metadata, ...coming })
    this.#vhosts.set(name, planned)
    return planned
  }
}

function noVHost(item: Pick<PlannedItem, 'kind' | 'vhost' | 'name'>): PlannedItem {
  return { ...item, outcome: 'ignored', note: `there is no virtual host '${item.vhost}'` }
}

function* sourcesFirst(queues: readonly QueueDefined[]): Generator<QueueDefined> {
  const hasSource = (row: QueueDefined): boolean => sourceNameOf(row.arguments) !== undefined
  for (const row of queues) if (!hasSource(row)) yield row
  for (const row of queues) if (hasSource(row)) yield row
}
