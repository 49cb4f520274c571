// Messages that died in the last hour, by why.
import type { Sample } from '../../../broker/statistics/sample.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { Finding } from './finding.ts'
import { listed, many, number, span } from './words.ts'

export interface DeathFacts {
  /** Since the start, as `deathCounts` has them. */
  readonly counts: Readonly<Record<string, number>>
  /** Totals of the last hour, oldest first. */
  readonly hour: readonly Sample[]
  readonly now: number
  readonly uptimeMs: number
}

/** By RabbitMQ's words for reasons. */
const reasonTexts: Readonly<Record<string, string>> = {
  rejected: 'rejected',
  delivery_limit: 'came back too often',
  expired: 'expired',
  maxlen: 'over a length limit',
}

/** What ends that way without a dead-letter exchange was meant to be kept; the rest is what the limits are for. */
const lostReasons = ['rejected', 'delivery_limit']

export function deathFindings(facts: DeathFacts): Finding[] {
  const died = since(facts, 'died', Object.keys(reasonTexts))
  const dropped = since(facts, 'dropped', lostReasons)
  const time = timeText(facts)
  const findings: Finding[] = []
  // Messages that only expire are retries and delays as a rule.
  if (died.some(([reason]) => reason !== 'expired')) {
    const count = sumOf(died)
    findings.push({
      kind: 'died',
      severity: 'look',
      text: `${many(count, 'message')} died ${time}: ${reasonsText(died)}`,
      count,
      command: 'pabal dlq list',
    })
  }
  if (dropped.length > 0) {
    const count = sumOf(dropped)
    findings.push({
      kind: 'dropped',
      severity: 'look',
      text: `${many(count, 'message')} ${count === 1 ? 'was' : 'were'} dropped ${time}, for want of a dead-letter exchange: ${reasonsText(dropped)}`,
      count,
    })
  }
  return findings
}

type Deaths = readonly (readonly [reason: string, count: number])[]

function since({ counts, hour, uptimeMs }: DeathFacts, kind: string, reasons: string[]): Deaths {
  // A broker that is younger has counted from 0.
  const first = uptimeMs < healthLimits.hourMs ? undefined : hour[0]
  return reasons
    .map((reason) => {
      const name = `${kind}:${reason}`
      return [reason, (counts[name] ?? 0) - (first?.counts[name] ?? 0)] as const
    })
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)
}

function timeText({ hour, now, uptimeMs }: DeathFacts): string {
  if (uptimeMs < healthLimits.hourMs) return `in the ${span(uptimeMs)} since the start`
  const watched = now - (hour[0]?.time ?? now)
  return watched > healthLimits.hourMs * 0.95 ? 'in the last hour' : `in the last ${span(watched)}`
}

function sumOf(deaths: Deaths): number {
  return deaths.reduce((sum, [, count]) => sum + count, 0)
}

/** A single reason needs no count: it is that of all. */
function reasonsText(deaths: Deaths): string {
  const [only] = deaths
  if (deaths.length === 1 && only !== undefined) return reasonTexts[only[0]] ?? only[0]
  return listed(deaths.map(([reason, count]) => `${number(count)} ${reasonTexts[reason]}`))
}
