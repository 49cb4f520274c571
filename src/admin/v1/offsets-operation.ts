// Where a place is in each partition of a queue or topic: a seek over all of them in one call.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import { type PartitionTarget, resetTargets } from '../../broker/group/reset-targets.ts'
import { permit } from '../../broker/permit.ts'
import { notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { placeText, readPlace } from './place-text.ts'
import { partitionQuery } from './stream-asked.ts'

const count = z.number().int()

const offsetsSchema = z.object({
  offsets: z.array(
    z.object({
      partition: count,
      offset: count.describe('The first record there; of a time after the last record, the end'),
      time: count
        .nullable()
        .describe('Of that record, where it was found by its time; else, and at the end, null'),
    }),
  ),
})

export function offsetsOperation(broker: Broker): Operation {
  return operation({
    method: 'get',
    path: '/v1/streams/{vhost}/{name}/offsets',
    tag: 'Streams',
    summary: 'The offset of a time, or of another place, in each partition',
    access: 'vhost',
    query: z.strictObject({ at: placeText, partition: partitionQuery }),
    answers: { 200: offsetsSchema },
    async handle({ names, query, caller, context }) {
      const vhost = broker.findVHost(names.vhost)
      const view = vhost && broker.topicsOf(vhost).find(names.name)
      if (view === undefined) return notFound(context)
      permit(caller.rightsIn(names.vhost), 'read', { kind: 'queue', name: names.name })
      const place = readPlace(query.at, broker.clock.now())
      const targets = await resetTargets(broker, view, { place, partition: query.partition })
      return { offsets: targets.map(shown) }
    },
  })
}

function shown({ partition, offset, time }: PartitionTarget): object {
  return { partition, offset, time: time ?? null }
}
