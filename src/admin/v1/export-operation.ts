// Messages of a queue or topic as NDJSON, whole and with the types of their headers: what publishing in batches
// takes.
import type { Context } from 'hono'
import { z } from 'zod'
import { preconditionFailed } from '../../broker/broker-error.ts'
import type { Broker } from '../../broker/broker.ts'
import type { BrowsedMessage } from '../../broker/browse/browsed-message.ts'
import {
  type ExportAsked,
  type Exported,
  exportMessages,
} from '../../broker/browse/export-messages.ts'
import type { MessageFilter } from '../../broker/browse/message-filter.ts'
import { tailLimits } from '../../limits/tail.ts'
import { badRequest, notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { socketOf } from '../callers.ts'
import { exportedJson } from './exported-json.ts'
import {
  filterOf,
  filterQuery,
  partitionQuery,
  placeIn,
  type StreamParts,
  streamToRead,
  tooManyAnswers,
  tooManyStreams,
  whyNoLonger,
  wholeIn,
} from './stream-asked.ts'

const { lastCountMax, encodedAtOnceSize } = tailLimits

const exportQuery = z.strictObject({
  from: z
    .string()
    .max(64)
    .optional()
    .describe(
      'earliest or first, last, an offset, a time like 2026-11-29T07:00:00Z, or an age like 1h; left out, the first not acked',
    ),
  count: wholeIn(1, lastCountMax)
    .default(10)
    .describe('With from=last: how many of each partition'),
  to: z.string().max(64).optional().describe('An offset, a time or an age; nothing from there on'),
  limit: wholeIn(1, Number.MAX_SAFE_INTEGER)
    .default(Number.MAX_SAFE_INTEGER)
    .describe('At most so many messages'),
  partition: partitionQuery,
  filter: filterQuery,
})

const headers = { 'content-type': 'application/x-ndjson' }

export function exportOperation({ broker, streams }: StreamParts): Operation {
  return operation({
    method: 'get',
    path: '/v1/streams/{vhost}/{name}/export',
    tag: 'Messages',
    summary:
      'All that is in a queue or topic when it begins, a message on each line; they stay as they are',
    access: 'vhost',
    isStream: true,
    query: exportQuery,
    answers: {
      200: 'NDJSON: messages as they are published, with where they are; an answer that breaks off is not whole',
      ...tooManyAnswers,
    },
    async handle({ names, query, caller, context }) {
      const destination = streamToRead(broker, names, caller)
      if (destination === undefined) return notFound(context)
      const asked = askedOf(query, broker)
      if (typeof asked === 'string') return badRequest(context, asked)
      if (context.req.method === 'HEAD') return new Response(null, { headers })
      let endReason = streams.endReason
      const stream = {
        kind: 'export' as const,
        user: caller.principal.user,
        destination,
        end: (reason: string) => (endReason ??= reason),
        refresh: () => (endReason ??= whyNoLonger(broker, destination, caller)),
      }
      const pages = exportMessages(destination, asked, broker)
      // What cannot be asked for is refused while there is a status to say so.
      const first = await pages.next()
      const added = streams.add(stream)
      if (added !== 'added') return tooManyStreams(context, added)
      const lines = linesOf(first, pages, () => {
        endReason ??= whyNoLonger(broker, destination, caller)
        return endReason
      })
      const onEnd = (): void => streams.remove(stream)
      return new Response(streamOf(lines, { context, onEnd }), { headers })
    },
  })
}

function askedOf(query: z.infer<typeof exportQuery>, { clock }: Broker): ExportAsked | string {
  const { from, to, limit, partition, count: lastCount } = query
  const start = from === undefined ? { kind: 'head' as const } : placeIn(from, clock.now())
  if (start === undefined) return 'from: no such place'
  const end = to === undefined ? undefined : placeIn(to, clock.now())
  if (to !== undefined && end?.kind !== 'offset' && end?.kind !== 'time') return 'to: no such place'
  const wanted = filterOf(query.filter)
  const filter = end?.kind === 'time' ? before(end.time, wanted) : wanted
  return {
    start,
    end: end?.kind === 'offset' ? end.offset : Infinity,
    limit,
    lastCount,
    partition,
    filter,
  }
}

/** Messages before a time. */
function before(time: number, wanted: MessageFilter | undefined): MessageFilter {
  return (looked) => looked.view.timestamp < time && wanted?.(looked) !== false
}

async function* linesOf(
  first: IteratorResult<readonly Exported[], void>,
  pages: AsyncGenerator<readonly Exported[], void, undefined>,
  whyOver: () => string | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  for (let page = first; page.done !== true; page = await pages.next()) {
    for (const piece of bytesOf(page.value)) {
      const reason = whyOver()
      // The client sees an answer that breaks off.
      if (reason !== undefined) throw preconditionFailed(`the export ends: ${reason}`)
      if (piece.length > 0) yield piece
    }
  }
}

function* bytesOf(page: readonly Exported[]): Generator<Buffer, void, undefined> {
  let text = ''
  for (const item of page) {
    if ('gap' in item) text += `${JSON.stringify(item)}\n`
    else if (!isLarge(item.message)) text += `${JSON.stringify(exportedJson(item.message))}\n`
    else {
      yield Buffer.from(text)
      text = ''
      yield* piecesOf(item.message)
    }
  }
  yield Buffer.from(text)
}

function isLarge({ payload }: BrowsedMessage): boolean {
  return payload !== undefined && payload.length > encodedAtOnceSize
}

/** A large payload is base64 in pieces: as one text it would take several times its size. */
function* piecesOf(message: BrowsedMessage): Generator<Buffer, void, undefined> {
  const { payload = Buffer.alloc(0), ...others } = message
  const head = JSON.stringify(exportedJson({ ...others, payload: undefined }))
  yield Buffer.from(`${head.slice(0, -1)},"payload_encoding":"base64","payload":"`)
  for (let at = 0; at < payload.length; at += encodedAtOnceSize) {
    yield Buffer.from(payload.subarray(at, at + encodedAtOnceSize).toString('base64'))
  }
  yield Buffer.from('"}\n')
}

/** Reads on when what was read is sent, and not at all when the client has gone. */
function streamOf(
  lines: AsyncGenerator<Buffer, void, undefined>,
  { context, onEnd }: { readonly context: Context; readonly onEnd: () => void },
): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const next = await lines.next()
        if (next.done !== true) return controller.enqueue(next.value)
        controller.close()
      } catch (error) {
        // A client takes an answer that ends for a whole one, so its connection is broken off.
        const socket = socketOf(context)
        if (socket === undefined) controller.error(error)
        else socket.destroy()
      }
      onEnd()
    },
    async cancel() {
      onEnd()
      await lines.return(undefined)
    },
  })
}
