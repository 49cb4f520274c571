// What is known of a client once it has logged in and chosen its limits: all that is needed to go on with its
// connection elsewhere, beginning with connection.open. `facts` are the same as JSON, for another node.
import { TokenGrant } from '../../auth/oauth/token-grant.ts'
import type { Principal } from '../../auth/principal.ts'
import type { FieldTable } from '../../record/message/field-table.ts'
import { decodeFieldTable } from '../../record/message/read-field-table.ts'
import { encodeFieldTable } from '../../record/message/write-field-table.ts'
import { type PeerFacts, type PeerFactsAsJson, peerFromJson, peerToJson } from '../peer-facts.ts'
import type { ChosenLimits } from './chosen-limits.ts'

export interface Handover {
  readonly principal: Principal
  readonly mechanism: string
  readonly limits: ChosenLimits
  /** What the client says it is. */
  readonly clientProperties: FieldTable
  readonly peer: PeerFacts
}

interface HandoverFacts {
  readonly user: string
  readonly tags: readonly string[]
  readonly address: string
  readonly token?: { readonly scopes: readonly string[]; readonly expiresAt: number } | undefined
  readonly mechanism: string
  readonly limits: ChosenLimits
  /** A table of AMQP in base64. */
  readonly properties: string
  readonly peer: PeerFactsAsJson
}

export function factsOf({
  principal,
  mechanism,
  limits,
  clientProperties,
  peer,
}: Handover): HandoverFacts {
  const { user, tags, address, token } = principal
  return {
    user,
    tags,
    address,
    token: token && { scopes: token.scopes, expiresAt: token.expiresAt },
    mechanism,
    limits,
    properties: encodeFieldTable(clientProperties).toString('base64'),
    peer: peerToJson(peer),
  }
}

/** What another node says of a client. It has proved that it is one, and is believed. Throws for what is no such thing. */
export function handoverOf(facts: object): Handover {
  const { user, tags, address, token, ...given } = facts as HandoverFacts
  const { frameMax, channelMax, heartbeat } = given.limits
  const properties = Buffer.from(given.properties, 'base64')
  if (
    ![frameMax, channelMax, heartbeat].every((value) => Number.isSafeInteger(value) && value >= 0)
  )
    throw new Error('limits that are none')
  if (![user, address, given.mechanism].every((value) => typeof value === 'string'))
    throw new Error('a client without a name')
  return {
    principal: {
      protocol: 'AMQP 0-9-1',
      user,
      tags: [...tags],
      address,
      ...(token && { token: new TokenGrant([...token.scopes], token.expiresAt) }),
    },
    mechanism: given.mechanism,
    limits: { frameMax, channelMax, heartbeat },
    clientProperties: decodeFieldTable(properties, 0, properties.length),
    peer: peerFromJson(given.peer),
  }
}
