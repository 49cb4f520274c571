// Work of AMQP in the cell of the coordinator: a queue of jobs, a queue of their results, and what is handed over to
// transactions. Connections end with the process.
import assert from 'node:assert/strict'
import { Rights } from '../../../src/auth/rights.ts'
import type { Intake } from '../../../src/broker/publish/intake.ts'
import type { Settlement } from '../../../src/broker/publish/settlement.ts'
import { Queue } from '../../../src/broker/queue/queue.ts'
import { HeldWork } from '../../../src/broker/transaction/held-work.ts'
import type { TransactionCoordinator } from '../../../src/broker/transaction/transaction-coordinator.ts'
import type { TransactionJoin } from '../../../src/broker/transaction/transaction-join.ts'
import { whenDurable } from '../../../src/broker/when-durable.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import type { Ticket } from '../../../src/log/ticket.ts'
import { encodeAddress } from '../../../src/record/message/address.ts'
import { encodeContentHeader } from '../../../src/record/message/content-header.ts'
import { sourceFrom } from '../../../src/record/message/fill-source.ts'
import type { RecordSource } from '../../../src/record/message/record-source.ts'
import { RecordView } from '../../../src/record/message/record-view.ts'
import type { DelaysUnderTest } from '../../support/delays-under-test.ts'
import { textOf } from '../../support/queue-under-test.ts'

export const jobsQueue = 'jobs'
export const resultsQueue = 'results'
export const jobCount = 60

/** A message that somebody has got and not settled. */
export interface TakenJob {
  readonly text: string
  readonly settlement: Settlement
}

export class Desk {
  readonly held: HeldWork
  readonly #it: DelaysUnderTest<Clock>
  readonly #intake: Intake

  constructor(it: DelaysUnderTest<Clock>, coordinator: () => TransactionCoordinator) {
    const { broker } = it
    this.#it = it
    this.held = new HeldWork(broker, coordinator)
    broker.heldWork = this.held
    this.#intake = broker.createIntake(broker.getVHost('/'), {
      user: 'guest',
      tags: [],
      replyAddress: undefined,
      rights: new Rights({ user: 'guest', vhost: '/' }, { permission: 'all', topics: [] }),
      onPublished: () => undefined,
      onRefused: (error) => assert.fail(error as Error),
      onHeldSize: () => undefined,
      onGoOn: () => undefined,
      onLimited: () => undefined,
    })
  }

  /** Fills the queue of jobs, in the first process. */
  async declare(): Promise<void> {
    for (const name of [jobsQueue, resultsQueue]) this.#it.queue(name)
    for (let at = 0; at < jobCount; at++) this.#intake.offer(sourceFor(jobsQueue, `job ${at}`), 0)
    await whenDurable(this.#intake.ticket)
  }

  join(transactionalId: string): TransactionJoin {
    return this.held.join(transactionalId)
  }

  /** The next message of a queue; undefined when there is none, or nobody waits any more. */
  async take(name: string, isOver: () => boolean): Promise<TakenJob | undefined> {
    const queue = this.queue(name)
    const view = new RecordView()
    for (;;) {
      const result = queue.take(view)
      if (result === 'empty') return undefined
      if (result === 'record') break
      await new Promise<void>((resolve) => queue.whenReadable(resolve))
      if (isOver()) return undefined
    }
    const holder = {
      from: { name, id: queue.id },
      ackTimeoutMs: Infinity,
      settle: (offset: number, reason: Settlement['reason']) => queue.settle(offset, reason),
    }
    return { text: textOf(view), settlement: { holder, offset: view.offset, reason: 'ack' } }
  }

  /** As a connection that goes gives back what it has. */
  giveBack(jobs: readonly TakenJob[]): void {
    for (const { settlement } of jobs) settlement.holder.settle(settlement.offset, 'requeue')
  }

  /** tx.commit. Throws `precondition_failed`; then nothing has happened. */
  handOver(
    into: TransactionJoin,
    jobs: readonly TakenJob[],
    results: readonly string[],
  ): Ticket | undefined {
    const publishes = results.map((text) => this.#intake.keep(sourceFor(resultsQueue, text), 0))
    const settlements = jobs.map(({ settlement }) => settlement)
    let ticket: Ticket | undefined
    const onCommitted = (committed: { readonly ticket: Ticket | undefined }): void => {
      ticket = committed.ticket
    }
    try {
      this.#intake.commit({ publishes, settlements, into, onCommitted })
    } catch (error) {
      for (const message of publishes) message.release()
      throw error
    }
    return ticket
  }

  queue(name: string): Queue {
    const queue = this.#it.broker.getVHost('/').findQueue(name)
    assert.ok(queue instanceof Queue)
    return queue
  }
}

function sourceFor(queue: string, text: string): RecordSource {
  const body = Buffer.from(text)
  const header = encodeContentHeader(body.length, { deliveryMode: 2 })
  return sourceFrom({ address: encodeAddress('', queue), header, body })
}
