// What is published when a client is gone, as a message that is ready to be sent [MQTT-3.1.2-8].
import { sourceFrom } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'

export interface Will {
  /** As `RecordSource` wants them. */
  readonly address: Buffer
  readonly header: Buffer
  readonly body: Buffer
  /** Where the address stands for another topic as well. */
  readonly topic: string | undefined
  /** Its topic, for the retained messages; undefined for one that is not to be retained. */
  readonly retainedAs: string | undefined
  /** How long it waits for the client to come back (MQTT 5 §3.1.3.2.2). */
  readonly delayMs: number
}

interface StoredWill {
  readonly address: string
  readonly header: string
  readonly body: string
  readonly topic?: string | undefined
  readonly retainedAs?: string | undefined
  readonly delayMs: number
}

export function encodeWill({ address, header, body, ...rest }: Will): Buffer {
  const stored: StoredWill = {
    ...rest,
    address: address.toString('base64'),
    header: header.toString('base64'),
    body: body.toString('base64'),
  }
  return Buffer.from(JSON.stringify(stored))
}

export function decodeWill(bytes: Buffer): Will {
  const { address, header, body, topic, retainedAs, delayMs } = JSON.parse(
    bytes.toString(),
  ) as StoredWill
  return {
    address: Buffer.from(address, 'base64'),
    header: Buffer.from(header, 'base64'),
    body: Buffer.from(body, 'base64'),
    topic,
    retainedAs,
    delayMs,
  }
}

export function sourceOfWill(will: Will): RecordSource {
  const source = sourceFrom(will)
  source.topic = will.topic
  return source
}
