import type { Principal } from '../../auth/principal.ts'
import type { Incoming } from '../byte-source.ts'
import type { PeerFacts } from '../peer-facts.ts'
import type { KafkaListener } from './kafka-context.ts'

/** A client, and how it came. */
export interface IncomingKafka extends Incoming {
  readonly listener: KafkaListener
  readonly peer: PeerFacts
  /** Another node has let it in. */
  readonly isPassedOn: boolean
  /** Whom its certificate names; of one that was passed on. */
  readonly certifiedAs?: string | undefined
  /** Whom another node has logged in, which answers itself what is for leaders. */
  readonly principal?: Principal | undefined
}
