// Publishes wills: as their clients would have, once publishers may, and if their users still may.
//
// Invariant: a will has a row until the atom that stores its message. One that has to wait has a row of its own, because
// its client may come back with another will, or without one.
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
import type { KeptSession, SessionPlace, SessionRows } from './session-rows.ts'
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
  #nextNumber = 0
  /** By number: whose will waits, in a row of its own. */
  readonly #waiting = new Map<number, SessionPlace>()
  readonly #expected: { place: SessionPlace; number: number; will: Will }[] = []

  constructor(parts: WillPublisherParts) {
    const { broker, vhost } = parts
    this.#parts = parts
    this.rights = new Rights({ user: '', vhost: vhost.name }, { permission: 'all', topics: [] })
    this.#intake = broker.createIntake(vhost, this)
  }

  /** That of a user who may not publish it any more is dropped. Not within an atom. */
  publish(place: SessionPlace, will: Will): void {
    this.#publish(place, will, this.#nextNumber++)
  }

  /** Those that an earlier process could not publish; `begin` is to follow. */
  expect(kept: KeptSession): void {
    for (const [number, will] of kept.dueWills) {
      this.#waiting.set(number, kept)
      this.#expected.push({ place: kept, number, will })
      this.#nextNumber = Math.max(this.#nextNumber, number + 1)
    }
  }

  /** Publishes what was expected. Not within an atom. */
  begin(): void {
    for (const { place, number, will } of this.#expected.splice(0)) {
      this.#publish(place, will, number)
    }
  }

  /** The virtual host is gone. Within the atom that deletes it. */
  forget(): void {
    for (const number of this.#waiting.keys()) this.#dropRow(undefined, number)
  }

  onPublished(): void {}

  /** Its exchange is gone by now. */
  onRefused(_error: unknown, number: number | undefined): void {
    if (number !== undefined) this.#drop(undefined, number)
  }

  /** A will is as large as one packet. */
  onHeldSize(): void {}

  onLimited(): void {}

  onGoOn(): void {}

  [Symbol.dispose](): void {
    this.#intake.release()
  }

  #publish(place: SessionPlace, will: Will, number: number): void {
    if (!this.#isPermitted(place, will)) {
      this.#drop(place, number)
      return
    }
    const { retained } = this.#parts
    const { retainedAs, body } = will
    const source = sourceOfWill(will)
    source.companion = (stored: RecordSource): void => {
      this.#dropRow(place, number)
      if (retainedAs === undefined) return
      if (body.length === 0) retained.clear(retainedAs)
      else retained.set(retainedAs, stored)
    }
    try {
      if (retainedAs !== undefined && body.length > 0) retained.prepare(retainedAs)
      if (this.#intake.offer(source, number) === 'waits') this.#keepWaiting(place, will, number)
    } catch {
      // Its exchange is gone, or there is no room: nobody is there who could be told.
      this.#drop(place, number)
    }
  }

  #keepWaiting(place: SessionPlace, will: Will, number: number): void {
    if (this.#waiting.has(number)) return
    const { rows, broker } = this.#parts
    this.#waiting.set(number, place)
    broker.store.beginAtom()
    rows.putWill(place, undefined)
    rows.putDueWill(place, number, will)
    broker.store.endAtom()
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

  #drop(place: SessionPlace | undefined, number: number): void {
    const { store } = this.#parts.broker
    store.beginAtom()
    this.#dropRow(place, number)
    store.endAtom()
  }

  /** `place` is that of one that has not waited. Within an atom. */
  #dropRow(place: SessionPlace | undefined, number: number): void {
    const { rows } = this.#parts
    const waited = this.#waiting.get(number)
    this.#waiting.delete(number)
    if (waited !== undefined) rows.dropDueWill(waited, number)
    else if (place !== undefined) rows.putWill(place, undefined)
  }
}

/** What is asked when a client comes with a will, and when that is published. Throws `access_refused`. */
export function permitWill(rights: Rights, vhost: VHost<Destination>, address: Buffer): void {
  const { exchange, routingKey } = decodeAddress(address, 0)
  permit(rights, 'write', { kind: 'exchange', name: exchange })
  permitTopic(rights, 'write', vhost, { exchange, routingKey })
}
