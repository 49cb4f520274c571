// Fires or cancels many delayed messages at once: those that are named, those that a filter finds, or all.
import { z } from 'zod'
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import { compileFilter } from '../../broker/browse/message-filter.ts'
import { endSeveral } from '../../broker/delay/end-several.ts'
import { permit } from '../../broker/permit.ts'
import { whenDurable } from '../../broker/when-durable.ts'
import { scheduleLimits } from '../../limits/schedule.ts'
import { badRequest, notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { delayedCursorOf, readDelayedCursor, readDelayedPlace } from './delayed-place.ts'
import { filterFromJson, filterSchema } from './filter-schema.ts'

const body = z.strictObject({
  places: z
    .array(z.string())
    .max(scheduleLimits.placesMax)
    .optional()
    .describe('Only these, as they are listed; left out, all'),
  filter: filterSchema.optional().describe('Only what it finds'),
  due_before: z.number().optional().describe('Only what is due before: milliseconds since 1970'),
  dry_run: z.boolean().optional().describe('Only count'),
  cursor: z.string().optional().describe('The `next` of the part before'),
})

const summaries = {
  fire: 'Send several delayed messages on now; each request does a part of them',
  cancel: 'Cancel several delayed messages: they are gone; each request does a part of them',
} as const

export function endDelayedOperations(broker: Broker): Operation[] {
  return (['fire', 'cancel'] as const).map((verb) =>
    operation({
      method: 'post',
      path: `/v1/delayed-messages/{vhost}/{exchange}/${verb}`,
      tag: 'Delayed messages',
      summary: summaries[verb],
      access: 'vhost',
      body,
      answers: {
        200: z.object({
          messages: z.number().int().describe('That were, or would be'),
          looked_at: z.number().int(),
          next: z.string().nullable().describe('null: that was all'),
        }),
      },
      async handle({ names: { vhost, exchange }, body: asked, caller, context }) {
        const delay = broker.findVHost(vhost)?.findExchange(exchange)?.delay
        if (delay === undefined) return notFound(context)
        const { places, filter, due_before: dueBefore, dry_run: isDry = false, cursor } = asked
        const after = cursor === undefined ? undefined : readDelayedCursor(cursor)
        if (after === 'wrong') return badRequest(context, 'cursor: not what was answered as next')
        const right = isDry ? 'read' : 'write'
        permit(caller.rightsIn(vhost), right, { kind: 'exchange', name: exchange })
        const goesOn = verb === 'fire'
        if (goesOn && !isDry && broker.shortage.reason !== undefined) {
          throw preconditionFailed(`the broker is ${broker.shortage.reason}`)
        }
        const ended = await broker.slices.run(
          endSeveral(
            delay,
            {
              places: places?.flatMap((place) => readDelayedPlace(place) ?? []),
              filter: filter && compileFilter(filterFromJson(filter)),
              dueBefore,
              goesOn,
              isDry,
              after,
            },
            broker,
          ),
        )
        await whenDurable(ended.ticket)
        return {
          messages: ended.ended,
          looked_at: ended.looked,
          next: ended.next === undefined ? null : delayedCursorOf(ended.next),
        }
      },
    }),
  )
}
