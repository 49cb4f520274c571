// Where messages are that move from queue to queue. A message has a way, and is in exactly one queue of
// it, or was acked. Moves go forward only. A crash may undo what was not on disk: an ack that nothing
// confirmed later on its channel, a move that nobody had seen before something that was confirmed later.
// A rejection alone promises nothing: the broker may have to read the message before it moves it.

import { leavesBecause, type Way } from './moving-queues.ts'

/** What x-death says of one queue. */
export interface Death {
  readonly queue: string
  readonly reason: string
  readonly count: number
}

/** A message in a queue, as a client gets it. */
export interface Sighting {
  readonly id: string
  readonly queue: string
  readonly deaths: readonly Death[]
}

interface Tracked {
  readonly way: Way
  readonly hasExpiration: boolean
  isConfirmed: boolean
  /** Place on its way that it has reached for all that clients know. */
  reached: number
  /** Place that it may not go back behind, whatever happens. */
  reachedForGood: number
  isAcked: boolean
  isAckedForGood: boolean
  /** Queues in which a client rejected it. */
  readonly rejectedIn: Set<string>
}

type Violate = (queue: string, id: string, text: string) => void

export class Whereabouts {
  readonly #messages = new Map<string, Tracked>()
  readonly #violate: Violate

  constructor(violate: Violate) {
    this.#violate = violate
  }

  /** Messages that a restarted broker must have. */
  get expected(): readonly string[] {
    return Array.from(this.#messages)
      .filter(([, { isConfirmed, isAcked }]) => isConfirmed && !isAcked)
      .map(([id]) => id)
  }

  sent(id: string, way: Way, hasExpiration: boolean): void {
    this.#messages.set(id, {
      way,
      hasExpiration,
      isConfirmed: false,
      reached: 0,
      reachedForGood: 0,
      isAcked: false,
      isAckedForGood: false,
      rejectedIn: new Set(),
    })
  }

  confirmed(id: string): void {
    this.#get(id).isConfirmed = true
  }

  /**
   * A broker that has not been killed since delivered it. Returns what to call when something that was
   * sent later is known to be on disk.
   */
  received(sighting: Sighting): () => void {
    const { id, queue } = sighting
    const message = this.#judgeSighting(sighting)
    if (message === undefined) return () => {}
    const place = message.way.indexOf(queue)
    if (message.isAcked) this.#violate(queue, id, 'is back although it was acked')
    if (place < message.reached) {
      this.#violate(queue, id, `is back although it went on to ${message.way[message.reached]}`)
    }
    message.reached = Math.max(message.reached, place)
    return () => {
      message.reachedForGood = Math.max(message.reachedForGood, place)
    }
  }

  /** A client has sent the ack. Returns what to call when that is known to be on disk. */
  acked(id: string): () => void {
    const message = this.#get(id)
    message.isAcked = true
    return () => {
      message.isAckedForGood = true
    }
  }

  /** A client has sent the rejection. */
  rejected(id: string, queue: string): void {
    const message = this.#get(id)
    message.rejectedIn.add(queue)
    message.reached = message.way.indexOf(queue) + 1
  }

  /** Compares all that a restarted broker has with what it promised, and makes it the truth. */
  judgeRecovery(sightings: readonly Sighting[]): void {
    const found = new Map<string, string>()
    for (const sighting of sightings) {
      const { id, queue } = sighting
      const message = this.#judgeSighting(sighting)
      if (message === undefined) continue
      const other = found.get(id)
      if (other !== undefined) this.#violate(queue, id, `is there, and in ${other} too`)
      found.set(id, queue)
      this.#judgeReturn(id, queue, message)
    }
    for (const [id, message] of this.#messages) this.#settle(id, message, found.get(id))
  }

  #judgeReturn(id: string, queue: string, message: Tracked): void {
    if (message.isAckedForGood) this.#violate(queue, id, 'is back although its ack was on disk')
    if (message.way.indexOf(queue) >= message.reachedForGood) return
    const reached = message.way[message.reachedForGood]
    this.#violate(queue, id, `is back although its move to ${reached} was on disk`)
  }

  #settle(id: string, message: Tracked, queue: string | undefined): void {
    if (queue === undefined) {
      if (message.isConfirmed && !message.isAcked) {
        const last = message.way[message.reached] ?? ''
        this.#violate(last, id, 'is lost although it was confirmed')
      }
      message.isAcked = true
      message.isAckedForGood = true
      return
    }
    message.isConfirmed = true
    message.isAcked = false
    message.reached = message.way.indexOf(queue)
    message.reachedForGood = message.reached
  }

  /** Returns the message when it is one of ours, on its way. */
  #judgeSighting({ id, queue, deaths }: Sighting): Tracked | undefined {
    const message = this.#messages.get(id)
    const place = message?.way.indexOf(queue) ?? -1
    if (message === undefined || place < 0) {
      this.#violate(queue, id, 'was never sent on a way through here')
      return undefined
    }
    const passed = message.way.slice(0, place)
    // The newest death comes first.
    const told = deaths.map((death) => death.queue).toReversed()
    if (told.join() !== passed.join() || deaths.some(({ count }) => count !== 1)) {
      this.#violate(queue, id, `passed ${passed.join()}, and says ${JSON.stringify(deaths)}`)
    }
    for (const { queue: left, reason } of deaths) {
      const isOurs = reason === 'rejected' && message.rejectedIn.has(left)
      if (isOurs || leavesBecause(left, reason, message.hasExpiration)) continue
      this.#violate(queue, id, `left ${left} for no reason: ${reason}`)
    }
    return message
  }

  #get(id: string): Tracked {
    const message = this.#messages.get(id)
    if (message === undefined) throw new Error(`${id} was never sent`)
    return message
  }
}
