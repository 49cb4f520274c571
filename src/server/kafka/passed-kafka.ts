// What a node says to another of a Kafka client that it passes on, as JSON.
import { type PeerFacts, peerFromJson, type PeerFactsAsJson, peerToJson } from '../peer-facts.ts'

export interface PassedKafka {
  /** It came by TLS. */
  readonly isSecure: boolean
  readonly peer: PeerFacts
  /** Whom its certificate names. */
  readonly certifiedAs: string | undefined
}

interface PassedKafkaFacts {
  readonly isSecure: boolean
  readonly certifiedAs?: string | undefined
  readonly peer: PeerFactsAsJson
}

export function passedKafkaToFacts({ peer, ...passed }: PassedKafka): PassedKafkaFacts {
  return { ...passed, peer: peerToJson(peer) }
}

/** Another node has proved that it is one, and is believed. Throws for what is no such thing. */
export function passedKafkaOf(facts: object): PassedKafka {
  const { isSecure, certifiedAs, peer } = facts as PassedKafkaFacts
  return { isSecure, certifiedAs, peer: peerFromJson(peer) }
}
