// Publishes wills: as their clients would have, once publishers may.
import { Rights } from '../../auth/rights.ts'
import type { RecordSource } from '../../record/message/record-source.ts'
import type { Broker } from '../broker.ts'
import type { Destination } from '../destination.ts'
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

/** What a client may publish is asked before. */
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

  /** It is kept until the atom that stores it. Not within an atom. */
  publish(place: SessionPlace, will: Will): void {
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
      this.drop(place)
    }
  }

  /** It is not published. Not within an atom. */
  drop(place: SessionPlace): void {
    const { rows, broker } = this.#parts
    broker.store.beginAtom()
    rows.putWill(place, undefined)
    broker.store.endAtom()
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
}
