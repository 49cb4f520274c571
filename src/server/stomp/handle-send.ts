// SEND (STOMP 1.2 "SEND").
import { bodyTooLarge } from '../../broker/broker-error.ts'
import { prepareQueue } from './declare-queues.ts'
import { addressOf, type StompDestination } from './destination.ts'
import { transactionOf } from './handle-transactions.ts'
import { propertiesOf } from './message-properties.ts'
import { replyQueueOf } from './reply-queues.ts'
import type { StompSession } from './session.ts'
import { invalidHeader, StompError } from './stomp-error.ts'
import type { StompFrame } from './stomp-frame.ts'

/** Throws StompError, and what declaring and publishing throw. */
export function handleSend(session: StompSession, frame: StompFrame): void {
  const { headers } = frame
  const transaction = transactionOf(session, headers)
  if (headers.has('message-id')) throw invalidHeader('message-id', "is not allowed on 'SEND'")
  const destination = sendDestination(session, headers.get('destination'))
  prepareQueue(session, destination, headers)
  const { settings } = session.connection.context
  const address = addressOf(destination, settings.topicExchange)
  const bodySize = frame.end - frame.start
  if (bodySize > settings.messageSizeMax) throw bodyTooLarge(bodySize, settings.messageSizeMax)
  const properties = propertiesOf(headers)
  const replyTo = replyQueueOf(session, properties.replyTo)
  const sent = replyTo === undefined ? properties : { ...properties, replyTo }
  const { publisher } = session
  if (transaction === undefined) publisher.publish(frame, address, sent)
  else transaction.addPublish(publisher.keep(frame, address, sent))
}

function sendDestination(session: StompSession, text: string | undefined): StompDestination {
  if (text === undefined) {
    throw new StompError('Missing destination', `"SEND" must include a 'destination' header\n`)
  }
  const destination = session.destinationOf(text)
  if (destination.kind !== 'temp-queue') return destination
  throw new StompError('Invalid destination', `'${text}' is not a valid destination for 'SEND'\n`)
}
