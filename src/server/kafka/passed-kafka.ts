// What a node says to another of a Kafka client that it passes on, as JSON.
import { TokenGrant } from '../../auth/oauth/token-grant.ts'
import type { Principal } from '../../auth/principal.ts'
import { type PeerFacts, peerFromJson, type PeerFactsAsJson, peerToJson } from '../peer-facts.ts'

export interface PassedKafka {
  /** It came by TLS. */
  readonly isSecure: boolean
  readonly peer: PeerFacts
  /** Whom its certificate names. */
  readonly certifiedAs: string | undefined
  /** Whom the other node has logged in, of a client whose requests only some are for this one. */
  readonly principal?: Principal | undefined
}

interface PassedKafkaFacts {
  readonly isSecure: boolean
  readonly certifiedAs?: string | undefined
  readonly principal?: PrincipalFacts | undefined
  readonly peer: PeerFactsAsJson
}

interface PrincipalFacts {
  readonly user: string
  readonly tags: readonly string[]
  readonly address: string
  readonly token?: { readonly scopes: readonly string[]; readonly expiresAt: number } | undefined
}

export function passedKafkaToFacts(passed: PassedKafka): PassedKafkaFacts {
  const { isSecure, certifiedAs, principal, peer } = passed
  return {
    isSecure,
    certifiedAs,
    principal: principal && factsOf(principal),
    peer: peerToJson(peer),
  }
}

/** Another node has proved that it is one, and is believed. Throws for what is no such thing. */
export function passedKafkaOf(facts: object): PassedKafka {
  const { isSecure, certifiedAs, principal, peer } = facts as PassedKafkaFacts
  return {
    isSecure,
    certifiedAs,
    principal: principal && principalOf(principal),
    peer: peerFromJson(peer),
  }
}

function factsOf({ user, tags, address, token }: Principal): PrincipalFacts {
  const { scopes, expiresAt } = token ?? {}
  const isKnown = scopes !== undefined && expiresAt !== undefined
  return { user, tags, address, ...(isKnown && { token: { scopes, expiresAt } }) }
}

function principalOf({ user, tags, address, token }: PrincipalFacts): Principal {
  if (typeof user !== 'string' || typeof address !== 'string')
    throw new Error('a client without a name')
  return {
    protocol: 'Kafka',
    user,
    tags: [...tags],
    address,
    ...(token && { token: new TokenGrant([...token.scopes], token.expiresAt) }),
  }
}
