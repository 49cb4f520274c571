// How subscriptions are called: `T_<id>`, or `Q_<destination>` where the client gives them no id, as in RabbitMQ.
import type { FrameHeaders } from '../../codec/stomp/frame-headers.ts'
import { sizeOfName } from '../../record/message/name-bytes.ts'
import { SHORTSTR_BYTES_MAX } from '../../record/message/wire-writer.ts'
import { tempQueuePrefix } from './reply-queues.ts'
import { StompError } from './stomp-error.ts'

export interface NamedSubscription {
  readonly tag: string
  readonly id: string | undefined
  /** As RabbitMQ's texts name it. */
  readonly description: string
}

/** Throws StompError when there is no name, or none that a client may use. */
export function nameSubscription(command: string, headers: FrameHeaders): NamedSubscription {
  const id = headers.get('id')
  if (id?.startsWith(tempQueuePrefix) === true) {
    throw new StompError('Invalid id', `${command} 'id' may not start with ${tempQueuePrefix}\n`)
  }
  const destination = headers.get('destination')
  if (id === undefined && destination === undefined) {
    throw new StompError(
      'Missing destination or id',
      `${command} must include a 'destination' or 'id' header`,
    )
  }
  const tag = id === undefined ? `Q_${destination}` : `T_${id}`
  if (sizeOfName(tag) > SHORTSTR_BYTES_MAX) {
    throw new StompError('Invalid id', `${command} 'id' may have at most 253 bytes\n`)
  }
  const description = id === undefined ? `destination='${destination}'` : `id='${id}'`
  return { tag, id, description }
}
