// Which of a topic's records go first in a queue with a source and `x-max-priority`: a window of records is looked at
// ahead of their delivery, and the one with the highest priority goes, of several the first. Records stay where they
// are and count as ready. What is behind the window waits for it, whatever its priority.
import { brokerLimits } from '../../limits/broker.ts'
import { readPriority } from '../../record/message/content-header.ts'
import type { RecordView } from '../../record/message/record-view.ts'
import type { TakeResult } from './queue-backlog.ts'

/** The backlog, without priorities. */
export interface PriorityAheadSource {
  /** Takes the next message. */
  takeNext(view: RecordView): TakeResult
  /** Whether that one may have been delivered before. */
  readonly isRedelivered: boolean
  /** The message that was just taken is ready again, and is taken by its place. */
  setAhead(place: number): void
  /** 'empty': it is there no more. */
  takeAhead(place: number, view: RecordView): TakeResult
}

export class PriorityAhead {
  readonly #source: PriorityAheadSource
  /** By priority: places, those that came back first. */
  readonly #levels: number[][]
  #size = 0

  constructor(source: PriorityAheadSource, priorityMax: number) {
    this.#source = source
    this.#levels = Array.from({ length: priorityMax + 1 }, () => [])
  }

  take(view: RecordView): TakeResult {
    for (;;) {
      const result = this.#lookAhead(view)
      const taken = this.#takeFirst(view)
      if (taken !== 'empty') return taken
      // All that was looked at has gone meanwhile: there may be more.
      if (result !== 'record') return result
    }
  }

  #takeFirst(view: RecordView): TakeResult {
    for (let level = this.#levels.length - 1; level >= 0; level--) {
      const places = this.#levels[level]!
      while (places.length > 0) {
        const taken = this.#source.takeAhead(places[0]!, view)
        if (taken === 'wait') return taken
        places.shift()
        this.#size--
        if (taken === 'record') return taken
      }
    }
    return 'empty'
  }

  /** Says why it looks no further; 'record': it has looked far enough. */
  #lookAhead(view: RecordView): TakeResult {
    while (this.#size < brokerLimits.priorityAheadMax) {
      const result = this.#source.takeNext(view)
      if (result !== 'record') return result
      this.#add(view)
    }
    return 'record'
  }

  #add(view: RecordView): void {
    const { buffer, headerStart, headerEnd, offset } = view
    const priority = readPriority(buffer, headerStart, headerEnd) ?? 0
    const places = this.#levels[Math.min(priority, this.#levels.length - 1)]!
    if (this.#source.isRedelivered) places.unshift(offset)
    else places.push(offset)
    this.#size++
    this.#source.setAhead(offset)
  }
}
