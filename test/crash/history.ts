// What the clients did and saw, in order. A place in it is the time of the crash test: "before" and
// "after" mean places in the history, never a clock. Two rounds are kept, for failure reports.

/** Place in the history; rises by one with each event of the whole run. */
export type Time = number

interface HistoryEvent {
  readonly time: Time
  readonly actor: string
  readonly what: string
  readonly queue: string
  readonly id: string
}

const eventsPerReportMax = 60
const neighboursMax = 12

export class History {
  /** Called with each event. */
  onEvent: ((time: Time) => void) | undefined
  #now: Time = 0
  #lastRound: HistoryEvent[] = []
  #round: HistoryEvent[] = []

  get now(): Time {
    return this.#now
  }

  beginRound(round: number): void {
    this.#lastRound = this.#round
    this.#round = []
    this.note('run', `round ${round} begins`)
  }

  /** Notes what `actor` did, or saw, of message `id` in `queue`. */
  note(actor: string, what: string, queue: string = '', id: string = ''): Time {
    const time = ++this.#now
    this.#round.push({ time, actor, what, queue, id })
    this.onEvent?.(time)
    return time
  }

  /** Everything that was noted about message `id`, and what happened near the end of it in `queue`. */
  around(queue: string, id: string): string[] {
    const all = [...this.#lastRound, ...this.#round]
    const own = all.filter((event) => event.id !== '' && event.id === id)
    const end = own.at(-1)?.time ?? this.#now
    const near = all.filter((event) => event.queue === queue && event.time <= end)
    const shown = new Set([
      ...own.slice(-eventsPerReportMax),
      ...near.slice(-neighboursMax),
      ...all.filter((event) => event.queue === queue && event.time > end).slice(0, neighboursMax),
    ])
    return [...shown].sort((a, b) => a.time - b.time).map(describe)
  }
}

function describe({ time, actor, what, queue, id }: HistoryEvent): string {
  return `${time} ${actor}: ${[what, queue, id].filter((part) => part !== '').join(' ')}`
}
