// ERROR frames (STOMP 1.2 "ERROR") in RabbitMQ's words: what a client did wrong has a title, and the connection goes
// on; what the broker's core refuses has AMQP's name for it, and ends the connection. The standard wants every ERROR
// to end it; programs are written for RabbitMQ.
import { BrokerError } from '../../broker/broker-error.ts'
import { FrameError } from '../../codec/stomp/frame-error.ts'
import type { OutgoingFrame } from '../../codec/stomp/write-frame.ts'
import { amqpErrorNames } from '../amqp-error-names.ts'

/** A frame that the broker refuses. */
export class StompError extends Error {
  override readonly name = 'StompError'
  readonly title: string
  /** Whether the connection ends. */
  readonly isFatal: boolean

  /** `detail` is the body of the ERROR frame. */
  constructor(title: string, detail: string, isFatal = false) {
    super(detail)
    this.title = title
    this.isFatal = isFatal
  }
}

/** What an ERROR frame says. */
export interface ErrorAnswer {
  readonly title: string
  readonly detail: string
  readonly isFatal: boolean
}

/** What to tell the client about `error`; undefined for one that is the broker's own fault. */
export function answerTo(error: unknown): ErrorAnswer | undefined {
  if (error instanceof StompError) {
    return { title: error.title, detail: error.message, isFatal: error.isFatal }
  }
  if (error instanceof FrameError) {
    return { title: 'Invalid frame', detail: `${error.message}\n`, isFatal: true }
  }
  if (error instanceof BrokerError) return fatalAnswer(amqpErrorNames[error.code], error.message)
  return undefined
}

/** An error of the core, or an end that somebody else has asked for. */
export function fatalAnswer(name: string, explanation: string): ErrorAnswer {
  return { title: name, detail: `${name.toUpperCase()} - ${explanation}`, isFatal: true }
}

/**
 * Versions are those that there are, as RabbitMQ says them. `receipt` is what the frame asked for that is the cause
 * (STOMP 1.2 "ERROR"); RabbitMQ does not say it.
 */
export function errorFrame({ title, detail }: ErrorAnswer, receipt?: string): OutgoingFrame {
  return {
    command: 'ERROR',
    headers: {
      message: title,
      ...(receipt !== undefined && { 'receipt-id': receipt }),
      'content-type': 'text/plain',
      version: '1.0,1.1,1.2',
    },
    body: detail,
  }
}

/** A header whose value cannot be what it has to be. */
export function invalidHeader(name: string, rule: string): StompError {
  return new StompError('Invalid header', `'${name}' ${rule}.\n`)
}
