// Transactions in words. No JSX, so that node can test it.
import { count, counted, duration } from '../../lib/format.ts'

export interface StateWords {
  readonly text: string
  readonly tone: 'plain' | 'good' | 'look' | 'bad'
  readonly hint: string
}

/** A transaction is open for long when its client's own time-out, a minute by default, is over. */
const longMs = 60_000

const states: Readonly<Record<string, StateWords>> = {
  Empty: { text: 'not begun', tone: 'plain', hint: 'Its producer has begun no transaction yet' },
  PrepareCommit: {
    text: 'commits',
    tone: 'look',
    hint: 'The commit is decided, and its markers are being written',
  },
  PrepareAbort: {
    text: 'aborts',
    tone: 'look',
    hint: 'The abort is decided, and its markers are being written',
  },
  CompleteCommit: { text: 'committed', tone: 'plain', hint: 'Its last transaction was committed' },
  CompleteAbort: { text: 'aborted', tone: 'plain', hint: 'Its last transaction was aborted' },
}

/** `openMs`: for how long it is open; undefined where it is not. */
export function stateOf(state: string, openMs: number | undefined): StateWords {
  if (state !== 'Ongoing') return states[state] ?? { text: state, tone: 'plain', hint: state }
  const hint = 'Readers of committed records wait where it began'
  return { text: 'open', tone: (openMs ?? 0) >= longMs ? 'look' : 'good', hint }
}

/** Above the list. `oldestMs`: how long the first of those that are open has been so. */
export function sentenceFor(total: number, open: number, oldestMs: number | undefined): string {
  if (total === 0) return 'No producer has a transactional id.'
  const ids = counted(total, 'transactional id')
  if (open === 0) return `${ids}, and no transaction is open.`
  const oldest = oldestMs === undefined ? '' : `, the oldest for ${seconds(oldestMs)}`
  return `${ids}. ${count(open)} ${open === 1 ? 'transaction is' : 'transactions are'} open${oldest}.`
}

/** A length of time that does not tick below a second. */
export function seconds(ms: number): string {
  return duration(Math.max(1000, Math.floor(ms / 1000) * 1000)).replace('.0 s', ' s')
}

/** For how long a transaction is open; undefined: it is not. */
export function openMsOf(
  { state, started }: { readonly state: string; readonly started: number | null },
  now: number,
): number | undefined {
  return state === 'Ongoing' && started !== null ? Math.max(0, now - started) : undefined
}

export interface AbortedFacts {
  readonly partitions: number
  readonly groups: number
  readonly heldBack: number
  /** Over AMQP. */
  readonly messages: number
  readonly acks: number
}

/** `a`, `a, and b`, `a, b, and c`; it begins a sentence. */
function listOf(parts: readonly string[]): string {
  const last = parts.at(-1) ?? ''
  const text = parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')}, and ${last}`
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** What an abort does, said before it is done. */
export function abortEffect(facts: AbortedFacts): string {
  const { partitions, groups, heldBack, messages, acks } = facts
  const parts: string[] = []
  if (partitions > 0) {
    parts.push(
      `Readers of committed records never see what it has written to ${counted(partitions, 'partition')}`,
    )
  }
  if (groups > 0) {
    const theirs = counted(groups, 'group')
    parts.push(`the offsets that it was to commit for ${theirs} are dropped`)
  }
  if (messages > 0) parts.push(`${counted(messages, 'message')} published over AMQP are dropped`)
  if (acks > 0) parts.push(`${counted(acks, 'message')} acked over AMQP are ready again`)
  const lost = parts.length === 0 ? 'It has written nothing' : listOf(parts)
  const freed =
    heldBack > 0
      ? ` They go on over the ${counted(heldBack, 'record')} that they wait for now, as far as no other transaction is open.`
      : ''
  return `${lost}.${freed} Its producer is fenced: it gets an error and has to begin anew.`
}
