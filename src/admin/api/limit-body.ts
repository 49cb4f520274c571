// How large the body of a request may be, and how much the large ones may take together: each is in memory as a
// whole, and a client with few rights may send many of them slowly.
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { networkLimits } from '../../limits/network.ts'
import { badRequest } from '../answers.ts'
import { isOwnPath, type Operation } from './operation.ts'

/** Large bodies that are being read or worked on. */
export interface BodiesUnderWay {
  /** Bytes, as they were told. */
  size: number
}

/**
 * Refuses a body that is too large: RabbitMQ's API has status 400 for it. One whose length is told is judged by
 * that and left alone: what nobody has begun to read Node drops, and the connection goes on. One in chunks is
 * read, and what is left of it ends the connection.
 */
export function limitBody(
  { path, access, bodySizeMax }: Pick<Operation, 'path' | 'access' | 'bodySizeMax'>,
  underWay: BodiesUnderWay,
): MiddlewareHandler {
  const maxSize = bodySizeMax ?? networkLimits.httpBodySizeMax
  const reason = 'Exceeded HTTP request body size limit'
  const refuse = (context: Context): Response =>
    isOwnPath(path)
      ? context.json({ error: 'content_too_large', reason: `${reason} of ${maxSize} bytes` }, 413)
      : badRequest(context, reason)
  const limitChunks = bodyLimit({
    maxSize,
    onError(context) {
      context.header('Connection', 'close')
      return refuse(context)
    },
  })
  return async (context, next) => {
    const length = context.req.header('content-length')
    const read = (): ReturnType<MiddlewareHandler> =>
      length === undefined ? limitChunks(context, next) : next()
    if (length !== undefined && Number(length) > maxSize) return refuse(context)
    const isInChunks = context.req.header('transfer-encoding') !== undefined
    const size = isInChunks ? maxSize : Number(length ?? 0)
    // Administrators move messages and import files of any size.
    if (access === 'administrator' || size <= networkLimits.httpBodySizeMax) return read()
    if (underWay.size + size > networkLimits.httpLargeBodiesSizeMax) {
      const error = 'service_unavailable'
      return context.json({ error, reason: 'Too many large requests are being read' }, 503)
    }
    underWay.size += size
    try {
      return await read()
    } finally {
      underWay.size -= size
    }
  }
}
