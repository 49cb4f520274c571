// How fast numbers grow, of what is looked at now and then: between one and two steps back, so that a batch
// that comes and goes is no growth.
import { healthLimits } from '../../../limits/health.ts'

interface Point {
  readonly time: number
  readonly value: number
}

interface Note {
  readonly before: Point
  readonly last: Point
}

/** Whatever maps things to their notes. */
interface NoteMap<T> {
  get(thing: T): Note | undefined
  set(thing: T, note: Note): unknown
}

export interface Growth {
  /** Per second. */
  readonly rate: number
  /** Since when it has been measured. */
  readonly since: number
  /** It was no smaller at any look between. */
  readonly isSteady: boolean
}

export class GrowthNotes<T> {
  readonly #notes: NoteMap<T>

  constructor(notes: NoteMap<T>) {
    this.#notes = notes
  }

  /** Undefined as long as too little is known. Nothing is noted of a first 0: most of many queues are empty. */
  note(thing: T, value: number, time: number): Growth | undefined {
    const note = this.#notes.get(thing)
    if (note === undefined) {
      if (value !== 0) this.#begin(thing, { time, value })
      return undefined
    }
    if (time - note.last.time > healthLimits.growthStaleMs) {
      this.#begin(thing, { time, value })
      return undefined
    }
    const { before, last } = note
    if (time - last.time >= healthLimits.growthStepMs) {
      this.#notes.set(thing, { before: last, last: { time, value } })
    }
    const passed = time - before.time
    if (passed < healthLimits.growthMsMin) return undefined
    return {
      rate: ((value - before.value) * 1000) / passed,
      since: before.time,
      isSteady: last.value >= before.value && value >= last.value,
    }
  }

  #begin(thing: T, point: Point): void {
    this.#notes.set(thing, { before: point, last: point })
  }
}
