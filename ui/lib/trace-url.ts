// Where the trace page follows what has the same id as a message.
import { query } from './names.ts'

/** Properties that tell messages apart. */
export interface Traced {
  readonly message_id?: unknown
  readonly correlation_id?: unknown
}

/** Its own id is better than that of its conversation; without any, one says there what to follow. */
export function traceUrl(vhost: string, properties: Traced = {}, stream?: string): string {
  const id = textIn(properties.message_id)
  const correlation = id === undefined ? textIn(properties.correlation_id) : undefined
  return `/trace${query({ vhost, message_id: id, correlation_id: correlation, in: stream })}`
}

/** Whether it has an id to follow it by. */
export function isTraceable({ message_id: id, correlation_id: correlation }: Traced): boolean {
  return (textIn(id) ?? textIn(correlation)) !== undefined
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
