// What RabbitMQ's management API says about queues: which there are, and what they were declared with.
import { MoveError } from './move-error.ts'
import type { RabbitmqSource } from './rabbitmq-source.ts'

/** A queue as `/api/queues` has it. */
export interface ListedQueue {
  readonly name: string
  readonly type: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly isExclusive: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

/** As it answers; old ones name no type. */
interface Row {
  readonly name: string
  readonly type?: string
  readonly durable: boolean
  readonly auto_delete: boolean
  readonly exclusive?: boolean
  readonly arguments: Readonly<Record<string, unknown>>
}

/** The queues of the source's virtual host. `management` is such as `http://rabbit.example:15672`. */
export async function listQueues(
  management: URL,
  { vhost, user, password }: RabbitmqSource,
): Promise<ListedQueue[]> {
  const path = `${management.pathname.replace(/\/$/, '')}/api/queues/${encodeURIComponent(vhost)}`
  const url = new URL(path, management)
  url.search = '?disable_stats=true&enable_queue_totals=true'
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  let response: Response
  try {
    response = await fetch(url, { headers: { authorization } })
  } catch (error) {
    const reason = (error as Error & { cause?: Error }).cause?.message ?? (error as Error).message
    const what = `cannot reach the management API at ${management.origin}: ${reason}`
    throw new MoveError('unreachable', what, { cause: error })
  }
  if (!response.ok) throw refusal(response.status, management, vhost)
  return ((await response.json()) as readonly Row[]).map(toQueue)
}

function refusal(status: number, { origin }: URL, vhost: string): MoveError {
  const kind = status === 404 ? 'missing' : 'denied'
  const reason =
    status === 404 ? `there is no virtual host '${vhost}'` : `it answers with status ${status}`
  return new MoveError(kind, `the management API at ${origin} lists no queues: ${reason}`)
}

function toQueue(row: Row): ListedQueue {
  return {
    name: row.name,
    type: row.type ?? 'classic',
    durable: row.durable,
    autoDelete: row.auto_delete,
    isExclusive: row.exclusive === true,
    arguments: row.arguments,
  }
}
