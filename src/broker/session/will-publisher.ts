// Publishes wills: as their clients would have, once publishers may, and if their users still may.
import { Rights } from '../../auth/rights.ts'
import { decodeAddress } from '../../record/message/address.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import { BrokerError } from '../broker-error.ts'
import type { Broker } from '../broker.ts'
import type { Destination } from '../destination.ts'
import { permit, permitTopic } from '../permit.ts'
import type { Intake, IntakeClient } from '../publish/intake.ts'
import type { VHost } from '../vhost.ts'
import type { RetainedMessages } from './retained-messages.ts'
import type { SessionPlace, SessionRows } from './session-rows.ts'
import { sourceOfWill, type Will } from './will.ts'

export interface WillPublisherParts {
  readonly broker: Broker
  readonly vhost: VHost<Destination>
  readonly rows: SessionRows
  readonly retained: RetainedMessages
}

/** Its intake may publish everything: whose will it is is asked before. */
export class WillPublisher implements IntakeClient, Disposable {
  readonly user = ''
  readonly tags: readonly string[] = ['impersonator']
  readonly replyAddress = undefined
  readonly rights: Rights
  readonly #parts: WillPublisherParts
  readonly #intake: Intake

  constructor(parts: WillPublisherParts) {
    const { broker, vhost } = parts
    this.#parts = parts
    this.rights = new Rights({ user: '', vhost: vhost.name }, { permission: 'all', topics: [] })
    this.#intake = broker.createIntake(vhost, this)
  }

  /**
   * It is kept until the atom that stores it. That of a user who may not publish it any more is dropped. Not within an
   * atom.
   */
  publish(place: SessionPlace, will: Will): void {
    if (!this.#isPermitted(place, will)) {
      this.#drop(place)
      return
    }
    const { retained, rows } = this.#parts
    const { retainedAs, body } = will
    const source = sourceOfWill(will)
    source.companion = (stored: RecordSource): void => {
      rows.putWill(place, undefined)
      if (retainedAs === undefined) return
      if (body.length === 0) retained.clear(retainedAs)
      else retained.set(retainedAs, stored)
    }
    try {
      if (retainedAs !== undefined && body.length > 0) retained.prepare(retainedAs)
      this.#intake.offer(source, 0)
    } catch {
      // Its exchange is gone, or there is no room: nobody is there who could be told.
      this.#drop(place)
    }
  }

  onPublished(): void {}

  onRefused(): void {}

  /** A will is as large as one packet. */
  onHeldSize(): void {}

  onLimited(): void {}

  onGoOn(): void {}

  [Symbol.dispose](): void {
    this.#intake.release()
  }

  #isPermitted({ clientId }: SessionPlace, { publisher, address }: Will): boolean {
    const { broker, vhost } = this.#parts
    const rights = broker.access.rightsFor(publisher, vhost.name).forClient(clientId)
    try {
      permitWill(rights, vhost, address)
      return true
    } catch (error) {
      if (error instanceof BrokerError) return false
      throw error
    }
  }

  #drop(place: SessionPlace): void {
    const { rows, broker } = this.#parts
    broker.store.beginAtom()
    rows.putWill(place, undefined)
    broker.store.endAtom()
  }
}

/** What is asked when a client comes with a will, and when that is published. Throws `access_refused`. */
export function permitWill(rights: Rights, vhost: VHost<Destination>, address: Buffer): void {
  const { exchange, routingKey } = decodeAddress(address, 0)
  permit(rights, 'write', { kind: 'exchange', name: exchange })
  permitTopic(rights, 'write', vhost, { exchange, routingKey })
}
