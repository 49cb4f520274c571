// What share groups of several cells say to one another, over a network that loses it, delays it and says it twice.
import type { LedPlaces } from '../../src/broker/share/led-places.ts'
import type { ShareElsewhere } from '../../src/broker/share/share-elsewhere.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { Random } from '../../src/lib/random.ts'
import { wait } from '../../src/lib/wait.ts'
import type { ShareCell } from './share-cell.ts'

export interface ShareNetworkParts {
  readonly clock: Clock
  readonly random: Random
  readonly find: (cell: number) => ShareCell | undefined
}

const home = 0

export class ShareNetwork {
  /** Nothing is lost, late or repeated. */
  isCalm = true
  readonly #parts: ShareNetworkParts

  constructor(parts: ShareNetworkParts) {
    this.#parts = parts
  }

  elsewhere(from: ShareCell): ShareElsewhere {
    const led = (cell: number, ask: (led: LedPlaces) => Promise<void>): Promise<void> =>
      this.#call(from, cell, ({ shareGroups }) => ask(shareGroups.led!))
    return {
      leaders: {
        openPlace: (cell, asked) => led(cell, (places) => places.open(asked)),
        movePlace: (cell, asked) => led(cell, (places) => places.move(asked)),
        forgetPlace: (cell, name) => led(cell, (places) => places.forget(name)),
        releaseMember: (cell, { groupId, memberId }) =>
          this.#call(from, cell, async ({ shareGroups }) => {
            shareGroups.find(groupId)?.releaseMember(memberId)
          }),
        describePlaces: (cell, groupId) =>
          this.#call(from, cell, async ({ shareGroups }) => shareGroups.led!.describe(groupId)),
      },
      home: {
        tell: (places) =>
          this.#call(from, home, async ({ shareGroups }) => shareGroups.spread!.note(places)),
        bury: (asked, messages) => {
          // As it is on the wire: nobody else has it.
          const sent = Buffer.from(messages)
          return this.#call(from, home, ({ shareGroups }) =>
            shareGroups.burials!.bury(structuredClone(asked), Buffer.from(sent)),
          )
        },
      },
    }
  }

  async #call<T>(from: ShareCell, to: number, ask: (cell: ShareCell) => Promise<T>): Promise<T> {
    const { random } = this.#parts
    await this.#pause()
    if (this.#happens(8)) throw new Error('it was lost')
    const answer = this.#ask(from, to, ask)
    answer.catch(() => undefined)
    if (this.#happens(8)) {
      // Late, when much else has happened.
      void this.#pause(random.below(2000)).then(() =>
        this.#ask(from, to, ask).catch(() => undefined),
      )
    }
    const result = await answer
    await this.#pause()
    if (this.#happens(8)) throw new Error('the answer was lost')
    return result
  }

  /** Rejects when one of both dies meanwhile, or does not say anything for long. */
  async #ask<T>(from: ShareCell, to: number, ask: (cell: ShareCell) => Promise<T>): Promise<T> {
    const { clock, find } = this.#parts
    const cell = find(to)
    if (cell === undefined || from.isDead) throw new Error('nobody is there')
    const over = wait(clock, 5000).then(() => {
      throw new Error('no answer')
    })
    return Promise.race([ask(cell), over])
  }

  #happens(oneIn: number): boolean {
    return !this.isCalm && this.#parts.random.below(oneIn) === 0
  }

  #pause(ms: number = this.#parts.random.below(5)): Promise<void> {
    return wait(this.#parts.clock, ms)
  }
}
