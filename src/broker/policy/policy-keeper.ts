// Changes the policies of a virtual host and applies them: to what is added at once, to what exists in
// slices, because there may be 100,000 queues. Whatever is looked at gets what holds at that moment, and
// a change that comes meanwhile is followed by another look at all: in the end all have the last one.
import type { Slices, Steps } from '../../lib/slices.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { Destination } from '../destination.ts'
import type { Exchange } from '../exchange/exchange.ts'
import { inertPolicyKeys } from '../inert-settings.ts'
import type { InertWatch } from '../inert-watch.ts'
import type { TopologyLog } from '../topology-log.ts'
import type { VHost } from '../vhost.ts'
import { whenDurable } from '../when-durable.ts'
import type { Policy } from './policy.ts'

export interface PolicyKeeperParts {
  readonly vhost: VHost<Destination>
  readonly topology: TopologyLog
  /** All virtual hosts together get one slice of a turn. */
  readonly slices: Slices
  /** Told what is asked for and has no effect. */
  readonly inert: InertWatch
  /** An object that was there has the policies that hold now. Not within an atom. */
  readonly onLooked: (object: Destination | Exchange<Destination>) => void
  /** Policies have been applied to all: topics may have records past their retention by now. */
  readonly onApplied: () => void
}

/** A change that was made. */
export interface PolicyChange {
  /** There was none of that name. */
  readonly isNew: boolean
  /** Resolves when the change is durable and has been applied to all that exists. */
  readonly done: Promise<void>
}

export class PolicyKeeper {
  readonly #parts: PolicyKeeperParts
  /** A look at all objects is under way; one that begins later sees changes that this one may not. */
  #current: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(parts: PolicyKeeperParts) {
    this.#parts = parts
  }

  /** Why there may be no further policy; undefined when there may. */
  whyFull({ isOperator, name }: Pick<Policy, 'isOperator' | 'name'>): string | undefined {
    const { policies } = this.#parts.vhost
    const limit = brokerLimits.policiesPerVHostMax
    if (policies.find(isOperator, name) || policies.count(isOperator) < limit) return undefined
    return `component ${isOperator ? 'operator_policy' : 'policy'} is limited to ${limit}`
  }

  /** Sets a policy that `checkPolicy` has made and for which there is room. */
  set(policy: Policy): PolicyChange {
    const { vhost, topology, inert } = this.#parts
    const { matches: _, ...row } = policy
    const isNew = vhost.policies.find(row.isOperator, row.name) === undefined
    vhost.policies.put(policy)
    const ticket = topology.write([{ kind: 'policy', op: 'put', row }])
    inert.tell({
      kind: row.isOperator ? 'operator policy' : 'policy',
      vhost: vhost.name,
      name: row.name,
      settings: inertPolicyKeys(row.definition),
    })
    return { isNew, done: this.#finish(ticket) }
  }

  /** Resolves as `PolicyChange.done`; undefined when there is no such policy. */
  delete(isOperator: boolean, name: string): Promise<void> | undefined {
    const { vhost, topology } = this.#parts
    if (vhost.policies.find(isOperator, name) === undefined) return undefined
    vhost.policies.delete(isOperator, name)
    const key = { vhost: vhost.name, name, isOperator }
    return this.#finish(topology.write([{ kind: 'policy', op: 'delete', ...key }]))
  }

  /** Gives an object the policies that hold now. */
  applyTo(object: Destination | Exchange<Destination>): void {
    const { vhost } = this.#parts
    // RabbitMQ routes past the settings of the default exchange.
    const isDefault = object.kind === 'exchange' && object.name === ''
    const effective = isDefault ? undefined : vhost.policies.of(object)
    if (effective === object.policy) return
    if (object.applyPolicy(effective)) vhost.forgetRoutes()
  }

  async #finish(ticket: Ticket | undefined): Promise<void> {
    const applied = this.#applyToAll()
    await whenDurable(ticket)
    await applied
  }

  #applyToAll(): Promise<void> {
    if (this.#current === undefined) return this.#start()
    this.#next ??= this.#current.then(() => {
      this.#next = undefined
      return this.#start()
    })
    return this.#next
  }

  #start(): Promise<void> {
    const looking = this.#parts.slices.run(this.#lookAtAll()).then(() => {
      this.#current = undefined
      this.#parts.onApplied()
    })
    this.#current = looking
    return looking
  }

  /** One object a step. What is added meanwhile, behind the others, has them already. */
  *#lookAtAll(): Steps<void> {
    const { vhost } = this.#parts
    yield* this.#lookAt(vhost.exchanges(), vhost.exchangeCount)
    yield* this.#lookAt(vhost.queues(), vhost.queueCount)
  }

  *#lookAt(objects: Iterable<Destination | Exchange<Destination>>, count: number): Steps<void> {
    let left = count
    for (const object of objects) {
      if (left-- === 0) return
      this.applyTo(object)
      this.#parts.onLooked(object)
      yield
    }
  }
}
