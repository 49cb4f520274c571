// Leases: deliveries to clients that have no connection, such as requests by HTTP. A request consumes for as long
// as it waits; what it got stays unacked under a receipt until that is settled or its time is over. They end as
// well when their user may not have them any more. A broker that starts again knows no leases: their messages are
// ready again, as those of a channel that is gone.
import type { Principal } from '../../auth/principal.ts'
import type { Timer } from '../../lib/clock.ts'
import { leaseLimits } from '../../limits/leases.ts'
import { type BrokerError, preconditionFailed } from '../broker-error.ts'
import type { Broker } from '../broker.ts'
import type { ClientRegistry } from '../client/client-registry.ts'
import type { Destination } from '../destination.ts'
import { permit } from '../permit.ts'
import type { Settlement } from '../publish/settlement.ts'
import type { Consumer } from '../queue/consumer.ts'
import type { Queue } from '../queue/queue.ts'
import type { TakenMessage } from '../queue/take-messages.ts'
import type { SettleReason } from '../unacked-deliveries.ts'
import { whenDurable } from '../when-durable.ts'
import { LeaseRefusal } from './lease-refusal.ts'
import { LeaseRoom } from './lease-room.ts'
import { type Holding, type Lease, Receiver, receiverTag } from './receiver.ts'
import { type Received, Receiving, type ReceivingAsked } from './receiving.ts'

export interface LeaseAsked extends Omit<ReceivingAsked, 'counters'> {
  readonly principal: Principal
  /** How long each may be kept, in milliseconds. */
  readonly leaseMs: number
}

/** What a request is answered. */
export interface LeasedBatch {
  readonly messages: readonly LeasedMessage[]
  /** To be called once the answer is out of the hands of whoever sends it: it counts as memory until then. */
  readonly onSent: () => void
}

export interface LeasedMessage {
  readonly receipt: string
  readonly message: TakenMessage
}

/** Whose receipt, and of what. */
export interface LeaseOwner {
  readonly user: string
  readonly queue: Queue
}

/** A receipt that is to be settled. */
export interface LeaseSettled {
  readonly receipt: string
  readonly reason: Exclude<SettleReason, 'fail'>
}

export interface LeasesOptions {
  readonly broker: Pick<Broker, 'clock' | 'random' | 'access' | 'deletionListeners' | 'commit'>
  /** Where receivers are listed. */
  readonly clients: ClientRegistry
}

export class Leases implements Disposable {
  readonly #options: LeasesOptions
  readonly #leases = new Map<string, Lease>()
  readonly #waits = new Set<Receiving>()
  readonly #room = new LeaseRoom()
  /** By user, then by virtual host; only those that wait or hold something. */
  readonly #receivers = new Map<string, Map<string, Receiver>>()
  readonly #holdings = new Map<Destination, Set<Holding>>()

  constructor(options: LeasesOptions) {
    this.#options = options
    const { access, deletionListeners } = options.broker
    access.changeListeners.add(this.#onUserChanged)
    access.aclListeners.add(this.#onAclChanged)
    deletionListeners.push((queue) => this.#onQueueDeleted(queue))
  }

  /** Rights are asked no more. */
  [Symbol.dispose](): void {
    const { access } = this.#options.broker
    access.changeListeners.delete(this.#onUserChanged)
    access.aclListeners.delete(this.#onAclChanged)
  }

  /**
   * Answers what is there when the first message has come, or nothing. Throws `LeaseRefusal`,
   * `queue_not_found` when the queue goes meanwhile, `access_refused` when the right to read does, what
   * `Queue.addConsumer` throws, and `precondition_failed` for a queue that would go with its consumer.
   */
  async receive(queue: Queue, asked: LeaseAsked): Promise<LeasedBatch> {
    if (queue.isAutoDelete) {
      throw preconditionFailed(
        'an auto-delete queue would be deleted with the consumer of a request',
      )
    }
    const { user } = asked.principal
    const refusal = this.#room.whyFull(user) ?? this.#room.whyNoWait(user)
    if (refusal !== undefined) throw refusal
    const holding = this.#holdingFor(queue, asked.principal)
    try {
      const { taken, size } = await this.#wait(holding, asked)
      const leases = taken.map((each) => this.#lease(holding, each, asked))
      // The answer did not reach whoever asked.
      const giveBack = (): void => {
        for (const lease of leases) this.#end(lease, 'requeue')
      }
      if (leases.length > 0) asked.signal.addEventListener('abort', giveBack, { once: true })
      const messages = leases.map(({ receipt }, index) => {
        return { receipt, message: taken[index]!.message }
      })
      return { messages, onSent: once(() => this.#count(user, 'unsent', -size)) }
    } finally {
      this.#dropIdle(holding)
    }
  }

  /**
   * Settles all that are there as one atom. `gone` are those that are not (any more), or are another's;
   * `done` resolves when the rest is durable, and what was rejected is where dead letters go, if it can be.
   */
  settle(
    settled: readonly LeaseSettled[],
    owner: LeaseOwner,
  ): { gone: string[]; done: Promise<unknown> } {
    const gone: string[] = []
    const settlements: Settlement[] = []
    for (const { receipt, reason } of settled) {
      const lease = this.#find(receipt, owner)
      if (lease === undefined || !this.#forget(lease)) {
        gone.push(receipt)
        continue
      }
      const { consumer, offset, holding } = lease
      settlements.push({ holder: consumer, offset, reason })
      if (reason !== 'ack') continue
      holding.receiver.counters.acked++
      this.#options.clients.ofRequests.acked++
    }
    if (settlements.length === 0) return { gone, done: Promise.resolve() }
    const { queue } = owner
    const cause = { kind: 'client', vhost: queue.vhost, client: {} } as const
    const { ticket } = this.#options.broker.commit([], settlements, cause)
    const moved = new Promise<void>((resolve) => {
      if (queue.ends.deadLetters === undefined) resolve()
      else queue.ends.deadLetters.whenMoved(resolve)
    })
    return { gone, done: Promise.all([whenDurable(ticket), moved]) }
  }

  /** Begins the time of a lease again. False: there is none (any more), or it is another's. */
  extend(receipt: string, owner: LeaseOwner, leaseMs: number): boolean {
    const lease = this.#find(receipt, owner)
    if (lease === undefined) return false
    lease.timer.stop()
    lease.timer = this.#endAfter(receipt, leaseMs)
    return true
  }

  async #wait(
    holding: Holding,
    asked: LeaseAsked,
  ): Promise<{ taken: readonly Received[]; size: number }> {
    const { receiver, queue } = holding
    const { clients, broker } = this.#options
    const { user } = receiver.principal
    const receiving = new Receiving(
      queue,
      { ...asked, counters: [receiver.counters, clients.ofRequests] },
      {
        party: {
          protocol: 'HTTP',
          user,
          connection: receiver.givenName,
          consumerTag: receiverTag(queue),
        },
        clock: broker.clock,
        hasRoom: () => this.#room.whyFull(user) === undefined,
        count: (leases, unsent) => {
          this.#count(user, 'leases', leases)
          this.#count(user, 'unsent', unsent)
        },
      },
    )
    this.#room.count(user, 'waits', 1)
    this.#waits.add(receiving)
    holding.waits.add(receiving)
    try {
      const taken = await receiving.run()
      const refusal = taken.length > 0 ? undefined : this.#room.whyFull(user)
      if (refusal !== undefined) throw refusal
      return { taken, size: taken.length === 0 ? 0 : receiving.size }
    } finally {
      this.#room.count(user, 'waits', -1)
      this.#waits.delete(receiving)
      holding.waits.delete(receiving)
    }
  }

  /** It has been counted when it was taken. */
  #lease(
    holding: Holding,
    { offset, consumer }: { readonly offset: number; readonly consumer: Consumer },
    { leaseMs, rights }: LeaseAsked,
  ): Lease {
    const receipt = this.#options.broker.random.bytes(leaseLimits.receiptSize).toString('base64url')
    const timer = this.#endAfter(receipt, leaseMs)
    const lease = { receipt, holding, consumer, offset, rights, timer }
    this.#leases.set(receipt, lease)
    holding.leases.add(lease)
    return lease
  }

  #find(receipt: string, { user, queue }: LeaseOwner): Lease | undefined {
    const lease = this.#leases.get(receipt)
    if (lease === undefined) return undefined
    const { holding } = lease
    return holding.receiver.principal.user === user && holding.queue === queue ? lease : undefined
  }

  #endAfter(receipt: string, ms: number): Timer {
    return this.#options.broker.clock.after(ms, () => {
      const lease = this.#leases.get(receipt)
      if (lease !== undefined) this.#end(lease, 'fail')
    })
  }

  /** Ends a lease that its owner did not settle. */
  #end(lease: Lease, reason: 'requeue' | 'fail'): void {
    if (this.#forget(lease)) lease.consumer.settle(lease.offset, reason)
  }

  /** The lease is settled, by whomever. False: it was before. */
  #forget(lease: Lease): boolean {
    if (!this.#leases.delete(lease.receipt)) return false
    lease.timer.stop()
    const { holding } = lease
    holding.leases.delete(lease)
    this.#count(holding.receiver.principal.user, 'leases', -1)
    this.#dropIdle(holding)
    return true
  }

  /** There is so much more, or less; who waited for room gets more. */
  #count(user: string, kind: 'leases' | 'unsent', change: number): void {
    const wasFull = change < 0 && this.#room.whyFull(user) !== undefined
    this.#room.count(user, kind, change)
    if (wasFull) for (const { consumer } of this.#waits) consumer.resume()
  }

  #holdingFor(queue: Queue, principal: Principal): Holding {
    const receiver = this.#receiverFor(principal, queue.vhost)
    const holding = receiver.holdingOf(queue)
    const all = this.#holdings.get(queue) ?? new Set()
    this.#holdings.set(queue, all.add(holding))
    return holding
  }

  #receiverFor(principal: Principal, vhost: string): Receiver {
    const { clients, broker } = this.#options
    const { user } = principal
    const byVHost = this.#receivers.get(user) ?? new Map<string, Receiver>()
    this.#receivers.set(user, byVHost)
    const known = byVHost.get(vhost)
    if (known !== undefined) {
      known.principal = principal
      return known
    }
    const receiver: Receiver = new Receiver({
      ...clients.register(),
      principal,
      vhost,
      passwordHash: broker.access.findUser(user)?.passwordHash,
      onClose: (reason) => this.#close(receiver, reason),
    })
    byVHost.set(vhost, receiver)
    clients.receivers.add(receiver)
    return receiver
  }

  /** Nothing is left of it that waits or is held. */
  #dropIdle(holding: Holding): void {
    const { receiver, queue, waits, leases } = holding
    if (waits.size > 0 || leases.size > 0) return
    const all = this.#holdings.get(queue)
    all?.delete(holding)
    if (all?.size === 0) this.#holdings.delete(queue)
    receiver.holdings.delete(queue)
    if (receiver.holdings.size > 0) return
    const { user } = receiver.principal
    const byVHost = this.#receivers.get(user)
    if (byVHost?.get(receiver.vhost) !== receiver) return
    byVHost.delete(receiver.vhost)
    if (byVHost.size === 0) this.#receivers.delete(user)
    this.#options.clients.receivers.delete(receiver)
  }

  #close({ holdings }: Receiver, reason: string): void {
    for (const { waits, leases } of holdings.values()) {
      for (const wait of waits) wait.fail(new LeaseRefusal('closed', reason))
      for (const lease of leases) this.#end(lease, 'fail')
    }
  }

  readonly #onAclChanged = (): void => {
    for (const user of this.#receivers.keys()) this.#onUserChanged(user)
  }

  readonly #onUserChanged = (user: string): void => {
    for (const receiver of this.#receivers.get(user)?.values() ?? []) {
      const { passwordHash } = this.#options.broker.access.findUser(user) ?? {}
      if (passwordHash !== receiver.passwordHash) {
        receiver.close(`the password of user '${user}' is another one, or the user is deleted`)
        continue
      }
      for (const holding of receiver.holdings.values()) this.#endUnpermitted(holding)
    }
  }

  #endUnpermitted({ queue: { name }, waits, leases }: Holding): void {
    for (const wait of waits) {
      try {
        permit(wait.rights, 'read', { kind: 'queue', name })
      } catch (error) {
        wait.fail(error as BrokerError)
      }
    }
    for (const lease of leases) if (!lease.rights.may('read', name)) this.#end(lease, 'fail')
  }

  /** Those who wait are told by the queue itself. */
  #onQueueDeleted(queue: Destination): void {
    for (const { leases } of this.#holdings.get(queue) ?? []) {
      for (const lease of leases) this.#forget(lease)
    }
  }
}

function once(action: () => void): () => void {
  let isDone = false
  return () => {
    if (isDone) return
    isDone = true
    action()
  }
}
