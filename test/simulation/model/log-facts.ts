// What clients were shown of one log (a partition of a topic, or a work queue as Kafka sees it). An offset that
// was shown is durable and never changes its meaning; the high watermark only rises. So does the start, but
// a crash may bring back what nobody was told to be deleted for good.
import type { History } from './history.ts'
import type { Message } from './message.ts'

/** A number that only rises, and when it was seen. */
interface Sighting {
  readonly at: number
  readonly value: number
  /** Life of the broker that it holds for; all of them when it is infinite. */
  readonly epoch: number
}

export class LogFacts {
  readonly name: string
  /** Whatever is below may have been deleted. */
  trimAsked = 0
  readonly #history: History
  readonly #messages = new Map<number, Message>()
  readonly #offsets = new Map<Message, number>()
  readonly #ends: Sighting[] = []
  readonly #starts: Sighting[] = []

  constructor(name: string, history: History) {
    this.name = name
    this.#history = history
  }

  messageAt(offset: number): Message | undefined {
    return this.#messages.get(offset)
  }

  offsetOf(message: Message): number | undefined {
    return this.#offsets.get(message)
  }

  /** The highest end that is known. */
  get end(): number {
    return this.#ends.at(-1)?.value ?? 0
  }

  /** The highest start that holds in this life of the broker. */
  get start(): number {
    const known = this.#starts.filter(({ epoch }) => epoch >= this.#history.epoch)
    return Math.max(0, ...known.map(({ value }) => value))
  }

  /** The log may have been deleted and another begun: of all this only what was asked of the old one counts. */
  doubt(): void {
    this.#messages.clear()
    this.#offsets.clear()
    this.#ends.length = 0
    this.#starts.length = 0
  }

  /** Somebody was shown `message` at `offset`. */
  onShown(message: Message, offset: number, who: string): void {
    const other = this.#messages.get(offset)
    const where = `${this.name} at ${offset}`
    if (other !== undefined && other !== message) {
      throw this.#history.fail(
        `${who} was shown ${String(message)} in ${where}, once ${String(other)}`,
      )
    }
    const known = this.#offsets.get(message)
    if (known !== undefined && known !== offset) {
      throw this.#history.fail(`${who} was shown ${String(message)} in ${where}, once at ${known}`)
    }
    this.#messages.set(offset, message)
    this.#offsets.set(message, offset)
    message.deed.toDurable(`${who} was shown it in ${where}`)
  }

  /** A high watermark, in an answer to a request of the moment `askedAt`. */
  onEnd(end: number, askedAt: number, who: string): void {
    const told = { value: end, askedAt, epoch: Infinity }
    this.#onRisen(this.#ends, told, `${who} was told an end of ${this.name}`)
  }

  /** `isKept`: the answer says that what is below has been deleted. */
  onStart(
    start: number,
    { askedAt, who, isKept = false }: { askedAt: number; who: string; isKept?: boolean },
  ): void {
    const told = {
      value: start,
      askedAt,
      epoch: isKept ? Infinity : this.#history.epochOf(askedAt),
    }
    this.#onRisen(this.#starts, told, `${who} was told a start of ${this.name}`)
    if (start > this.trimAsked) {
      throw this.#history.fail(`${this.name} begins at ${start}; ${this.trimAsked} was asked for`)
    }
  }

  /** In the order of their offsets. */
  *shown(): Generator<readonly [offset: number, message: Message]> {
    for (const offset of [...this.#messages.keys()].toSorted((a, b) => a - b)) {
      yield [offset, this.#messages.get(offset) as Message]
    }
  }

  #onRisen(
    seen: Sighting[],
    told: { readonly value: number; readonly askedAt: number; readonly epoch: number },
    what: string,
  ): void {
    const { value, askedAt, epoch } = told
    const now = this.#history.epoch
    const before = seen.find((one) => one.at <= askedAt && one.epoch >= now && one.value > value)
    if (before !== undefined) {
      throw this.#history.fail(`${what} of ${value}, once ${before.value}`)
    }
    if (seen.some((one) => one.value >= value && one.epoch >= epoch)) return
    seen.push({ at: this.#history.next(), value, epoch })
  }
}
