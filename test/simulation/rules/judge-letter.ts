// What a delivery tells of the rules: the way that the message says it came must be one that there is, with every
// step accounted for, none too early, and nothing undone that was done.
import type { SeenDeath } from './deaths.ts'
import { deathCountOf, deathsIn, describeDeaths } from './deaths.ts'
import type { Letter, LetterDeed, LetterHolder, Sight } from './letter.ts'
import type { Letters } from './letters.ts'
import type { RuleQueue } from './rule-plan.ts'
import type { Reason } from './rule-ways.ts'

/** A delivery, as its client sees it. */
export interface SeenLetter {
  readonly letter: Letter
  readonly queue: RuleQueue
  readonly deaths: readonly SeenDeath[]
  readonly isRedelivered: boolean
  /** 0 where it is not counted. */
  readonly deliveryCount: number
  readonly holder: LetterHolder
  readonly nowMs: number
  /** When the client asked for it, if it asked for one. */
  readonly askedAtMs: number | undefined
  /** How long messages may live in the queue by a policy that was in force when the client asked. */
  readonly ruledTtlMs: number | undefined
}

/** The broker's clock counts whole milliseconds. */
const roundingMs = 1

/** Throws what is wrong with a delivery to a client that the broker still serves. */
export function judgeLetter(letters: Letters, seen: SeenLetter): void {
  judgeWay(letters, seen)
  judgeTimes(letters, seen)
  judgeDeeds(letters, seen)
  judgeCount(letters, seen)
}

/** Whatever a message has left it has come to, and it has left all but the queue that it is in. */
function judgeWay(letters: Letters, seen: SeenLetter): void {
  const { letter, queue, deaths } = seen
  const { ways } = letters
  const arrivals = new Map<string, number>([[letter.plan.queue.name, 1]])
  for (const { queue: name, reason, count } of deaths) {
    const from = ways.find(name)
    const target = from && ways.targetOf(from)
    if (from === undefined || target === undefined || !isPossible(letters, seen, from, reason)) {
      throw fail(letters, seen, `cannot have died in ${name} (${reason})`)
    }
    arrivals.set(target.name, (arrivals.get(target.name) ?? 0) + count)
  }
  for (const name of new Set([...arrivals.keys(), queue.name])) {
    const left = deathsIn(deaths, name) + (name === queue.name ? 1 : 0)
    if (arrivals.get(name) === left) continue
    throw fail(letters, seen, `came to ${name} ${arrivals.get(name) ?? 0} times, not ${left}`)
  }
  if (letter.fate === 'refused' && deathsIn(deaths, letter.plan.queue.name, 'maxlen') === 0) {
    throw fail(letters, seen, 'was refused')
  }
}

function isPossible(
  { ways }: Letters,
  { letter, deaths }: SeenLetter,
  from: RuleQueue,
  reason: string,
): boolean {
  if (!ways.mayDie(from, letter, reason as Reason)) return false
  const count = deathsIn(deaths, from.name, reason)
  const rejects = letter.rejects.get(from.name) ?? 0
  if (reason === 'rejected') return count <= rejects
  const allRejects = [...letter.rejects.values()].reduce((sum, each) => sum + each, 0)
  return !ways.isLap(from) || count <= 1 + allRejects
}

function judgeTimes(letters: Letters, seen: SeenLetter): void {
  const { letter, queue, deaths, nowMs, askedAtMs, ruledTtlMs } = seen
  const { plan, sentAtMs, confirmedAtMs } = letter
  let leastMs = (plan.delayMs ?? 0) - roundingMs
  for (const { queue: name, reason, count } of deaths) {
    const from = reason === 'expired' ? letters.ways.find(name) : undefined
    if (from === undefined) continue
    const first = letters.ways.ttlOf(from, letter, true) ?? 0
    const later = letters.ways.ttlOf(from, letter, false) ?? 0
    leastMs += first + later * (count - 1) - count * roundingMs
  }
  if (nowMs < sentAtMs + leastMs) {
    throw fail(letters, seen, `comes ${nowMs - sentAtMs} ms after it was sent, not ${leastMs}`)
  }
  // Only of the first queue it is known when it came there at the latest.
  if (askedAtMs === undefined || deaths.length > 0 || plan.delayMs !== undefined) return
  const times = [plan.expirationMs, queue.ttlMs, ruledTtlMs].filter((ms) => ms !== undefined)
  const dueAtMs = confirmedAtMs + Math.min(Infinity, ...times) + roundingMs
  if (askedAtMs <= dueAtMs) return
  throw fail(letters, seen, `should have gone ${askedAtMs - dueAtMs} ms before it was asked for`)
}

/** What a client did to it and is history stays done. */
function judgeDeeds(letters: Letters, seen: SeenLetter): void {
  const { letter, deaths, holder } = seen
  const { epoch } = letters.history
  for (const deed of letter.deeds) {
    const isDone = deed.state === 'durable' || (deed.state === 'done' && deed.epoch === epoch)
    const isUndone = !hasShown(deed, deaths)
    if (isDone && isUndone) throw fail(letters, seen, `had been taken (${deed.kind})`)
    const mayBeTaken = deed.epoch === epoch && !deed.holder.mayHaveLost
    if (isUndone && mayBeTaken) letters.suspect(deed.holder, text(seen, 'had been settled'))
  }
  const { sight } = letter
  if (sight === undefined || sight.epoch !== epoch) return
  if (sight.deathCount > deathCountOf(deaths)) throw fail(letters, seen, 'had gone on')
  if (sight.deed !== undefined || sight.holder.mayHaveLost) return
  if (sight.holder === holder) throw fail(letters, seen, 'is there already')
  letters.suspect(sight.holder, text(seen, 'was unacked'))
}

/** The message has died since, as it had to. */
function hasShown(
  { kind, queue, rejectsBefore }: LetterDeed,
  deaths: readonly SeenDeath[],
): boolean {
  if (kind === 'requeue') return true
  return kind === 'reject' && deathsIn(deaths, queue.name, 'rejected') > rejectsBefore
}

function judgeCount(letters: Letters, seen: SeenLetter): void {
  const { letter, queue, deaths, isRedelivered, deliveryCount } = seen
  if (queue.deliveryLimit !== undefined && deliveryCount > queue.deliveryLimit) {
    throw fail(letters, seen, `comes back for the ${deliveryCount}th time`)
  }
  const { sight } = letter
  if (sight === undefined || sight.queue !== queue) return
  if (sight.deaths !== describeDeaths(deaths)) return
  const isSameLife = sight.epoch === letters.history.epoch
  // What a rule moved may be delivered before the move is durable: a crash undoes both, and it comes anew.
  const isMoved = deaths.length > 0 || queue.isDelayed === true
  if (!isRedelivered && (isSameLife || !isMoved)) {
    throw fail(letters, seen, 'comes as if for the first time')
  }
  if (queue.type !== 'quorum' || !isSameLife) return
  if (deliveryCount <= sight.deliveryCount) {
    throw fail(letters, seen, `came back, and the count is ${deliveryCount} as it was`)
  }
  judgeRetry(letters, seen, sight)
}

/** What was given back comes again when it has waited. */
function judgeRetry(letters: Letters, seen: SeenLetter, { deed }: Sight): void {
  const { retry } = seen.queue
  const isGivenBack = deed?.kind === 'requeue' && !deed.holder.mayHaveLost
  if (retry === undefined || deed === undefined || !isGivenBack) return
  const waitMs = Math.min(retry.minMs * seen.deliveryCount, retry.maxMs) - roundingMs
  const waitedMs = seen.nowMs - deed.atMs
  if (waitedMs < waitMs) {
    throw fail(letters, seen, `comes back after ${waitedMs} ms, not ${waitMs}`)
  }
}

function fail({ history }: Letters, seen: SeenLetter, what: string): Error {
  return history.fail(text(seen, what))
}

function text({ letter, queue, deaths, holder }: SeenLetter, what: string): string {
  const died = deaths.length === 0 ? '' : `, which died in ${describeDeaths(deaths)},`
  return `${holder.name} got ${String(letter)}${died} from ${queue.name}: it ${what}`
}
