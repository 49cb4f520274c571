// What is published when a client is gone, as a message that is ready to be sent [MQTT-3.1.2-8].
import { TokenGrant } from '../../auth/oauth/token-grant.ts'
import type { Principal } from '../../auth/principal.ts'
import { sourceFrom } from '../../record/message/fill-source.ts'
import type { RecordSource } from '../../record/message/record-source.ts'

export interface Will {
  /** Whose rights are asked when it is published: those of that moment, also after a restart. */
  readonly publisher: Principal
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
  readonly publisher?: StoredPublisher
  readonly address: string
  readonly header: string
  readonly body: string
  readonly topic?: string | undefined
  readonly retainedAs?: string | undefined
  readonly delayMs: number
}

type StoredPublisher = Omit<Principal, 'token'> & {
  readonly token?: Pick<TokenGrant, 'scopes' | 'expiresAt'>
}

/** Of a will that does not say whose it is: it is not published. */
const nobody: StoredPublisher = { user: '', tags: [], protocol: 'MQTT', address: '' }

export function encodeWill({ address, header, body, publisher, ...rest }: Will): Buffer {
  const { token, ...named } = publisher
  const stored: StoredWill = {
    ...rest,
    publisher: {
      ...named,
      ...(token && { token: { scopes: token.scopes, expiresAt: token.expiresAt } }),
    },
    address: address.toString('base64'),
    header: header.toString('base64'),
    body: body.toString('base64'),
  }
  return Buffer.from(JSON.stringify(stored))
}

export function decodeWill(bytes: Buffer): Will {
  const stored = JSON.parse(bytes.toString()) as StoredWill
  const { publisher = nobody, address, header, body, topic, retainedAs, delayMs } = stored
  const { token, ...named } = publisher
  return {
    publisher: { ...named, ...(token && { token: new TokenGrant(token.scopes, token.expiresAt) }) },
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
