// Publishes one message for a client that has no channel: a batch of one, whose refusal is thrown.
import { assert } from '../../lib/assert.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Broker } from '../broker.ts'
import type { Destination } from '../destination.ts'
import type { VHost } from '../vhost.ts'
import { publishBatch, type PublishBatchAsked, type PublishedOnce } from './publish-batch.ts'

export interface PublishOnceAsked extends Omit<PublishBatchAsked, 'sources'> {
  /** In memory of its own, address and header validated. */
  readonly source: RecordSource
}

/** Settled when the message is durable. Rejects with what `Intake.offer` throws. */
export async function publishOnce(
  broker: Broker,
  vhost: VHost<Destination>,
  { source, ...asked }: PublishOnceAsked,
): Promise<PublishedOnce> {
  const [done] = await publishBatch(broker, vhost, { ...asked, sources: [source] })
  assert(done !== undefined, 'one message has one outcome')
  if (done.outcome === 'error') throw done.error
  return done.outcome
}
