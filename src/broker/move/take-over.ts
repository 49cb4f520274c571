// Messages from another broker go straight into a queue, with the address that they were published with
// there: nothing is routed, so CC and BCC headers, delays and ids of exchanges have no second effect.
import { Rights } from '../../auth/rights.ts'
import type { Ticket } from '../../log/ticket.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { BrokerError } from '../broker-error.ts'
import { ExchangeCounters } from '../counters/exchange-counters.ts'
import type { Destination } from '../destination.ts'
import { Intake, type IntakeClient, type IntakeContext } from '../publish/intake.ts'
import { routeTo } from '../route-cache.ts'
import { whenDurable } from '../when-durable.ts'

/** What became of messages that were handed over in order. */
export interface TakenOver {
  /** How many of them, from the first on, are in the queue and durable. */
  readonly count: number
  /** Why the one behind them is not; undefined when it is for the queue, which was deleted meanwhile. */
  readonly refusal: 'full' | BrokerError | undefined
}

/**
 * Puts messages into `queue`, one after the other, and resolves when they are durable. They wait as those
 * of any publisher while publishers are blocked. It ends at one that the queue has no room for, and at one
 * that no publisher could have sent (BrokerError `precondition_failed`).
 */
export async function takeOver(
  context: IntakeContext,
  queue: Destination,
  sources: readonly RecordSource[],
): Promise<TakenOver> {
  const client = new MovingClient(context, queue)
  let count = 0
  let refusal: TakenOver['refusal']
  for (const source of sources) {
    // A queue that went meanwhile would take it and lose it.
    if (queue.isDeleted) break
    refusal = await client.put(source)
    if (refusal !== undefined) break
    count++
  }
  client.intake.release()
  await whenDurable(client.ticket)
  return { count, refusal }
}

/** Who moves messages: may do so in the name of every user. */
class MovingClient implements IntakeClient {
  readonly user = ''
  readonly tags: readonly string[] = ['impersonator']
  readonly replyAddress = undefined
  readonly rights: Rights
  readonly intake: Intake
  /** Of the last message that the queue took. */
  ticket: Ticket | undefined
  #told: (() => void) | undefined
  #error: unknown

  constructor(context: IntakeContext, queue: Destination) {
    this.rights = new Rights({ user: '', vhost: queue.vhost }, { permission: 'all', topics: [] })
    const exchange = new ExchangeCounters()
    this.intake = new Intake(context, this, {
      vhostName: queue.vhost,
      checkExchange: () => undefined,
      permit: () => undefined,
      route: () => routeTo({ queues: [queue] }, exchange),
    })
  }

  /** Resolves when it is in the queue, or with why it is not. */
  async put(source: RecordSource): Promise<TakenOver['refusal']> {
    const told = new Promise<void>((resolve) => (this.#told = resolve))
    try {
      if (this.intake.offer(source, 0) === 'waits') await told
      if (this.#error !== undefined) throw this.#error
    } catch (error) {
      if (error instanceof BrokerError) return error
      throw error
    }
    if (this.intake.isRefused) return 'full'
    this.ticket = this.intake.ticket
    return undefined
  }

  onPublished(): void {
    this.#told?.()
  }

  onRefused(error: unknown): void {
    this.#error = error
    this.#told?.()
  }

  /** Its messages are those of one request, whose size is limited. */
  onHeldSize(): void {}

  /** The command has a rate of its own. */
  onLimited(): void {}

  onGoOn(): void {}
}
