// A broker on the memory engine with one queue `q`, and a client that writes down what its intake says.
import assert from 'node:assert/strict'
import { Rights } from '../../src/auth/rights.ts'
import { Broker } from '../../src/broker/broker.ts'
import type { Intake, IntakeClient } from '../../src/broker/publish/intake.ts'
import { Queue } from '../../src/broker/queue/queue.ts'
import type { PublishLimit } from '../../src/broker/rate/publish-limit.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { Turn } from '../../src/lib/turn.ts'
import { MemoryLogStore } from '../../src/log/memory/memory-log-store.ts'
import { encodeAddress } from '../../src/record/message/address.ts'
import { encodeContentHeader } from '../../src/record/message/content-header.ts'
import { emptyTable, type FieldTable } from '../../src/record/message/field-table.ts'
import { sourceFrom } from '../../src/record/message/fill-source.ts'
import type { BasicProperties } from '../../src/record/message/properties.gen.ts'
import type { RecordSource } from '../../src/record/message/record-source.ts'
import { RecordView } from '../../src/record/message/record-view.ts'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'
import { textOf } from './queue-under-test.ts'

export class NotingClient implements IntakeClient {
  readonly user = 'alice'
  tags: readonly string[] = []
  replyAddress: string | undefined
  readonly rights: Rights = new Rights(
    { user: this.user, vhost: '/' },
    { permission: 'all', topics: [] },
  )
  readonly clock: VirtualClock = new VirtualClock()
  readonly store: MemoryLogStore
  readonly broker: Broker
  readonly intake: Intake
  /** `note` of each message that is in its queues; negative when no queue has it. */
  readonly published: number[] = []
  readonly errors: unknown[] = []
  readonly held = { parked: 0, input: 0 }
  goOnCount = 0

  constructor() {
    const turn = new Turn(this.clock)
    this.store = new MemoryLogStore({ clock: this.clock, turn })
    this.broker = new Broker({
      store: this.store,
      turn,
      random: systemRandom,
      clock: this.clock,
      vhosts: [],
      onDamaged: (_queue, _offset, error) => assert.fail(error),
    })
    this.declare('q')
    this.clock.runUntilIdle()
    this.intake = this.broker.createIntake(this.broker.getVHost('/'), this)
  }

  declare(name: string, isDurable = true, args: FieldTable = emptyTable): Queue {
    const { queue } = this.broker.declareQueue(this.broker.getVHost('/'), {
      name,
      durable: isDurable,
      exclusive: false,
      autoDelete: false,
      arguments: args,
      connection: this,
    })
    assert.ok(queue instanceof Queue)
    return queue
  }

  /** Takes everything that is ready in a queue. */
  take(name = 'q'): string[] {
    const queue = this.broker.getVHost('/').findQueue(name) as Queue
    const texts: string[] = []
    const view = new RecordView()
    for (;;) {
      this.clock.runUntilIdle()
      const result = queue.take(view)
      if (result === 'empty') return texts
      if (result === 'record') texts.push(textOf(view))
    }
  }

  onPublished(_source: RecordSource, note: number): void {
    this.published.push(this.intake.isRouted ? note : -note)
  }

  onRefused(error: unknown): void {
    this.errors.push(error)
  }

  onHeldSize(kind: 'parked' | 'input', size: number): void {
    this.held[kind] += size
  }

  onLimited(limit: PublishLimit, size: number): void {
    limit.take(1, size)
  }

  onGoOn(): void {
    this.goOnCount++
  }
}

/** A message to the default exchange, unless another one is named. */
export function messageTo(
  routingKey: string,
  body: string | Buffer,
  { exchange = '', ...properties }: BasicProperties & { readonly exchange?: string } = {},
): RecordSource {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const header = encodeContentHeader(bytes.length, properties)
  return sourceFrom({ address: encodeAddress(exchange, routingKey), header, body: bytes })
}
