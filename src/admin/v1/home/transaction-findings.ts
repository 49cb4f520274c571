// What there is to say of transactions that nobody ends.
import { defaultVHost } from '../../../broker/broker.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { Finding } from './finding.ts'
import type { TransactionFact } from './transaction-facts.ts'
import { listed, many, named, span } from './words.ts'

const command = 'pabal transaction list'
const topicsMax = 3

/** Of `count` such transactions, of which the first are given. */
export function transactionFindings(long: readonly TransactionFact[], count: number): Finding[] {
  const [oldest] = long
  if (oldest !== undefined && count > healthLimits.findingsOfKindMax) {
    const text = `${many(count, 'transaction')} have been open for long, the oldest for ${span(oldest.openMs)}`
    return [{ kind: 'transaction-open', severity: 'look', text, count, command }]
  }
  return long.map((fact) => ({
    kind: fact.isEnding ? 'transaction-ending' : 'transaction-open',
    severity: fact.isEnding ? 'bad' : 'look',
    text: textOf(fact),
    transaction: fact.id,
    since: fact.since,
    ...(fact.heldBack > 0 && { count: fact.heldBack }),
    streams: fact.topics.map((name) => ({ vhost: defaultVHost, name })),
    command,
  }))
}

function textOf({ id, isEnding, openMs, leftMs, heldBack, topics }: TransactionFact): string {
  const waiting = heldBack > 0 ? `${many(heldBack, 'record')} of ${topicsText(topics)} ` : ''
  const verb = heldBack === 1 ? 'waits' : 'wait'
  if (isEnding) {
    const text = `The end of transaction ${named(id)} has not been written for ${span(openMs)}`
    return waiting === '' ? text : `${text}: ${waiting}${verb} for it`
  }
  const text = `Transaction ${named(id)} has been open for ${span(openMs)}`
  const then = leftMs > 0 ? `in ${span(leftMs)} it is aborted` : 'it is about to be aborted'
  return waiting === '' ? `${text}; ${then}` : `${text}: ${waiting}${verb} for it; ${then}`
}

function topicsText(topics: readonly string[]): string {
  const names = topics.slice(0, topicsMax).map(named)
  const more = topics.length - names.length
  return listed(more > 0 ? [...names, many(more, 'other topic')] : names)
}
