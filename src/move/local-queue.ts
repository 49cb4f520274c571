// Queues of the running broker, as the target of a move.
import { encodeMessageBlock, type RawMessage } from '../record/message/message-block.ts'
import { type BrokerDoor, reasonOf } from './broker-door.ts'
import type { MessageTarget, QueuePlace, Stored } from './message-target.ts'
import { MoveError } from './move-error.ts'

const blocked = 429

/** As the broker answers. */
interface Answer {
  readonly message_count: number
  readonly is_full: boolean
  /** Why it will never take the next message. */
  readonly reason?: string
}

export function localQueues(broker: BrokerDoor): MessageTarget {
  return { store: (place, messages) => store(broker, place, messages) }
}

async function store(
  broker: BrokerDoor,
  { vhost, name }: QueuePlace,
  messages: readonly RawMessage[],
): Promise<Stored> {
  const path = ['v1', 'moves', 'queues', vhost, name, 'messages']
  const content = encodeMessageBlock(messages)
  const answer = await broker.send('POST', path, { content })
  if (answer.status === blocked) return { count: 0, reason: `Pabal is ${reasonOf(answer)}` }
  const what = `queue '${name}' of virtual host '${vhost}'`
  if (answer.status === 404) throw new MoveError('missing', `there is no ${what} at Pabal`)
  if (answer.status !== 200) throw new MoveError('refused', `${what}: ${reasonOf(answer)}`)
  const { message_count: count, is_full: isFull, reason } = JSON.parse(answer.text) as Answer
  if (isFull) return { count, reason: `${what} is full` }
  if (count === messages.length) return { count, reason: undefined }
  // What is stored has to be acked first; the next time none is.
  if (count > 0) return { count, reason: reason ?? `${what} was deleted` }
  throw new MoveError('refused', `${what} cannot take a message: ${reason ?? 'it was deleted'}`)
}
