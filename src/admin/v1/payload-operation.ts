// The payload of one message as bytes, whole or a part of it. A large one is sent in pieces and counts as an export
// for as long, since it is in memory.
import { z } from 'zod'
import { searchLimits } from '../../limits/search.ts'
import { notFound } from '../answers.ts'
import { type Operation, operation } from '../api/operation.ts'
import { findMessage, permitPayload, streamToView } from './browse-rights.ts'
import {
  type StreamParts,
  tooManyAnswers,
  tooManyStreams,
  whyNoLonger,
  wholeIn,
} from './stream-asked.ts'

const { payloadPieceSize } = searchLimits
const any = wholeIn(0, Number.MAX_SAFE_INTEGER)

const payloadQuery = z.strictObject({
  at: any.default(0).describe('Begins at this byte'),
  size: any.default(Number.MAX_SAFE_INTEGER).describe('Bytes at most'),
})

export function payloadOperation({ broker, streams }: StreamParts): Operation {
  return operation({
    method: 'get',
    path: '/v1/streams/{vhost}/{name}/messages/{place}/payload',
    tag: 'Messages',
    summary: 'The payload of one message as bytes, whole or a part of it',
    access: 'vhost',
    query: payloadQuery,
    answers: { 200: 'Bytes, whatever they are', ...tooManyAnswers },
    async handle({ names, query, caller, context }) {
      const viewed = streamToView(broker, names, caller)
      if (viewed === undefined) return notFound(context)
      permitPayload(viewed, caller)
      const { at, size } = query
      const message = await findMessage(broker, viewed, names.place, at + size)
      if (message?.payload === undefined) return notFound(context)
      const bytes = message.payload.subarray(at)
      const headers = headersOf(`${names.name}-${names.place}`, bytes.length)
      if (context.req.method === 'HEAD') return new Response(null, { headers })
      if (bytes.length <= payloadPieceSize) return new Response(new Uint8Array(bytes), { headers })
      const pieces = new Pieces(bytes)
      const { stream: destination } = viewed
      const stream = {
        kind: 'export' as const,
        user: caller.principal.user,
        destination,
        end: () => pieces.end(),
        refresh: () => {
          if (whyNoLonger(broker, destination, caller) !== undefined) pieces.end()
        },
      }
      const added = streams.add(stream)
      if (added !== 'added') return tooManyStreams(context, added)
      pieces.onEnd = () => streams.remove(stream)
      return new Response(pieces.stream, { headers })
    },
  })
}

function headersOf(name: string, size: number): Record<string, string> {
  return {
    'content-type': 'application/octet-stream',
    'content-length': `${size}`,
    'content-disposition': `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`,
    'x-content-type-options': 'nosniff',
  }
}

/** Bytes in pieces: the next one when the client has taken the one before. */
class Pieces {
  readonly stream: ReadableStream<Uint8Array>
  onEnd: () => void = () => undefined
  #bytes: Buffer | undefined
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.stream = new ReadableStream(
      { pull: (controller) => this.#pull(controller), cancel: () => this.end() },
      { highWaterMark: 0 },
    )
  }

  /** An answer that ends before its length is not whole, and clients know. */
  end(): void {
    this.#bytes = undefined
    this.onEnd()
  }

  #pull(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (this.#bytes === undefined) return controller.error(new Error('the payload may not be read'))
    const piece = this.#bytes.subarray(this.#at, this.#at + payloadPieceSize)
    this.#at += piece.length
    controller.enqueue(piece)
    if (this.#at < this.#bytes.length) return
    controller.close()
    this.end()
  }
}
