// A queue on the memory engine with a virtual clock, and messages whose body is their text.

import { BrokerCounters } from '../../src/broker/counters/broker-counters.ts'
import { PresentIds } from '../../src/broker/deduplication/present-ids.ts'
import { Policies } from '../../src/broker/policy/policies.ts'
import type { QueueType } from '../../src/broker/queue-arguments.ts'
import type { Consumer, DeliverySink } from '../../src/broker/queue/consumer.ts'
import { Queue, type QueueContext } from '../../src/broker/queue/queue.ts'
import { restoreQueue } from '../../src/broker/queue/restore-queue.ts'
import { Shortage } from '../../src/broker/shortage.ts'
import { MessageWatch } from '../../src/broker/trace/message-watch.ts'
import { Turn } from '../../src/lib/turn.ts'
import { type MemoryChaos, MemoryLogStore } from '../../src/log/memory/memory-log-store.ts'
import { encodeAddress } from '../../src/record/message/address.ts'
import { encodeContentHeader } from '../../src/record/message/content-header.ts'
import { emptyTable, type FieldTable } from '../../src/record/message/field-table.ts'
import { sourceFrom } from '../../src/record/message/fill-source.ts'
import type { BasicProperties } from '../../src/record/message/properties.gen.ts'
import type { RecordSource } from '../../src/record/message/record-source.ts'
import type { RecordView } from '../../src/record/message/record-view.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { createLogWithCursor, cursorOf } from './log-engines.ts'

export interface QueueSetup {
  readonly name?: string
  readonly isDurable?: boolean
  readonly isAutoDelete?: boolean
  readonly type?: QueueType
  readonly arguments?: FieldTable
  readonly chaos?: MemoryChaos
}

export class QueueUnderTest {
  readonly clock: VirtualClock = new VirtualClock()
  readonly store: MemoryLogStore
  readonly queue: Queue
  /** How often the queue said that nobody needs it. */
  unusedCount = 0
  /** How often the queue said that its row has changed. */
  addedLevelCount = 0

  readonly #turn: Turn

  readonly shortage: Shortage = new Shortage()
  /** How long it takes to dead-letter a message. */
  deadLetterMs = 0
  /** Offsets and reasons of the messages that were dead-lettered. */
  readonly dead: [offset: number, reason: string][] = []
  /** Whether dead letters find a queue. */
  hasGraveyard = true
  routesVersion = 0
  keptNoticeCount = 0
  deadLetterTryCount = 0
  /** How often the queue said that it has dropped what came back too often. */
  givenUpCount = 0

  constructor(setup: QueueSetup = {}) {
    const { chaos } = setup
    this.#turn = new Turn(this.clock)
    this.store = new MemoryLogStore({
      clock: this.clock,
      turn: this.#turn,
      ...(chaos && { chaos }),
    })
    this.queue = this.anotherQueue(setup)
  }

  /** One more queue on the same store. */
  anotherQueue(setup: QueueSetup): Queue {
    const { isDurable = true, isAutoDelete = false, type = 'classic' } = setup
    this.store.beginAtom()
    const log = createLogWithCursor(this.store, !isDurable)
    this.store.endAtom()
    return new Queue(
      {
        vhost: '/',
        name: setup.name ?? 'q',
        type,
        isDurable,
        isAutoDelete,
        owner: undefined,
        arguments: setup.arguments ?? emptyTable,
        cursor: cursorOf(log),
      },
      this.#context(),
    )
  }

  /** What the next process makes of the queue, which is durable. */
  reopen(queue: Queue = this.queue): Queue {
    queue.prepareToClose()
    return restoreQueue(
      queue.row(),
      { cursors: queue.cursors, policies: new Policies() },
      this.#context(),
    )
  }

  /** Publishes one message as an atom of its own. */
  publish(text: string, properties: BasicProperties = {}, queue: Queue = this.queue): void {
    const message = messageOf(text)
    message.header = encodeContentHeader(message.bodyEnd, properties)
    message.headerEnd = message.header.length
    this.store.beginAtom()
    queue.publish(message, -1)
    this.store.endAtom()
  }

  /** Adds a consumer that notes what it gets. */
  consume(
    sink: DeliverySink,
    options: { prefetch?: number; isNoAck?: boolean; isExclusive?: boolean } = {},
  ): Consumer {
    const { prefetch = 0, isNoAck = false, isExclusive = false } = options
    return this.queue.addConsumer(sink, {
      tag: 'tag',
      isNoAck,
      isExclusive,
      prefetch,
      arguments: emptyTable,
    })
  }

  settle(): void {
    this.clock.runUntilIdle()
  }

  #context(): QueueContext {
    return {
      store: this.store,
      watch: new MessageWatch(),
      turn: this.#turn,
      clock: this.clock,
      shortage: this.shortage,
      counters: new BrokerCounters(),
      deadLetter: ({ settings }, { offset }, reason) => {
        this.clock.pass(this.deadLetterMs)
        this.deadLetterTryCount++
        if (!this.hasGraveyard) return settings.deadLetter?.keepsUnroutable !== true
        return this.dead.push([offset, reason]) > 0
      },
      routesVersion: () => this.routesVersion,
      onDeadLetterKept: () => this.keptNoticeCount++,
      onLevelAdded: () => this.addedLevelCount++,
      openPresentIds: (logId, queue) =>
        new PresentIds(`ids/${logId}/`, queue, {
          store: this.store,
          budget: { count: 0 },
          onPut: () => undefined,
        }),
      closePresentIds: () => undefined,
      onGivenUp: () => this.givenUpCount++,
      onUnused: () => this.unusedCount++,
      onDamaged: (_queue, _offset, error) => {
        throw error
      },
    }
  }
}

export function messageOf(text: string, address: Buffer = encodeAddress('', 'q')): RecordSource {
  return sourceFrom({ address, header: Buffer.alloc(14), body: Buffer.from(text) })
}

export function textOf({ body, bodyStart, bodyEnd }: RecordView): string {
  return body.toString('utf8', bodyStart, bodyEnd)
}

/** A sink that takes what it is allowed to and keeps the texts. */
export class NotingSink implements DeliverySink {
  readonly texts: string[] = []
  readonly offsets: number[] = []
  readonly redelivered: boolean[] = []
  isOpen = true
  cancelledCount = 0

  canTake(): boolean {
    return this.isOpen
  }

  deliver(_consumer: Consumer, record: RecordView, isRedelivered: boolean): void {
    this.texts.push(textOf(record))
    this.offsets.push(record.offset)
    this.redelivered.push(isRedelivered)
  }

  onSettled(consumer: Consumer): void {
    consumer.resume()
  }

  onCancelled(): void {
    this.cancelledCount++
  }
}
