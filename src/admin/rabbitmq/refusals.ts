// How RabbitMQ's API says what it refuses.
import type { Context } from 'hono'
import { BrokerError, type BrokerErrorCode } from '../../broker/broker-error.ts'
import { badRequest } from '../answers.ts'

type Reply = readonly [code: number, name: string]

const preconditionFailed: Reply = [406, 'PRECONDITION_FAILED']
const resourceError: Reply = [506, 'RESOURCE_ERROR']

/** What a channel would be closed with. */
const replies: Partial<Record<BrokerErrorCode, Reply>> = {
  access_refused: [403, 'ACCESS_REFUSED'],
  queue_not_found: [404, 'NOT_FOUND'],
  exchange_not_found: [404, 'NOT_FOUND'],
  resource_locked: [405, 'RESOURCE_LOCKED'],
  precondition_failed: preconditionFailed,
  queue_limit_reached: preconditionFailed,
  resource_exhausted: resourceError,
  memory_exhausted: resourceError,
  unavailable: resourceError,
  not_allowed: [530, 'NOT_ALLOWED'],
  not_implemented: [540, 'NOT_IMPLEMENTED'],
}

export function missing(context: Context, reason: string): Response {
  return context.json({ error: 'not_found', reason }, 404)
}

/**
 * Does what RabbitMQ's API does on a channel of its own, which is closed with what is refused: with its code
 * and name before the text.
 */
export async function onChannel(
  context: Context,
  handle: () => Promise<Response>,
): Promise<Response> {
  try {
    return await handle()
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error
    const [code, name] = replies[error.code] ?? [541, 'INTERNAL_ERROR']
    const reason = `${name} - ${error.message}`
    if (code === 403) return context.json({ error: 'not_authorised', reason }, 401)
    return code === 404 ? missing(context, reason) : badRequest(context, `${code} ${reason}`)
  }
}

/** Something is somebody else's. */
export function notAuthorised(context: Context): Response {
  const reason = 'User not authorised to access object'
  return context.json({ error: 'not_authorised', reason }, 401)
}
