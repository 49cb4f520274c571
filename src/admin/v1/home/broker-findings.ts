// What there is to say of a broker as a whole: its state, what it is short of, what it will be short of.
import type { Sample } from '../../../broker/statistics/sample.ts'
import type { FileCounts } from '../../../lib/count-files.ts'
import { healthLimits } from '../../../limits/health.ts'
import type { BrokerFigures } from '../../broker-status.ts'
import type { Finding } from './finding.ts'
import { many, number, percent, size, span } from './words.ts'

export interface BrokerFacts {
  readonly figures: BrokerFigures
  readonly now: number
  /** Since when publishers wait. */
  readonly blockedSince: number | undefined
  /** Connections that do. */
  readonly blockedCount: number
  readonly disk: { readonly freeSize: number; readonly freeSizeMin: number } | undefined
  readonly files: FileCounts | undefined
  /** Totals of the last hour, oldest first. */
  readonly hour: readonly Sample[]
}

/** Worst first. */
export function brokerFindings(facts: BrokerFacts): Finding[] {
  return [
    ...stateFindings(facts),
    ...blockedFindings(facts),
    ...fileFindings(facts),
    ...certificateFindings(facts),
    ...memoryFindings(facts),
    ...diskFindings(facts),
  ]
}

function stateFindings({ figures: { state } }: BrokerFacts): Finding[] {
  if (state === 'ready') return []
  const text = {
    maintenance: 'In maintenance: no clients are let in until somebody revives the broker',
    frozen: 'PostgreSQL does not answer this node: nothing is delivered, confirmed or answered',
    stopping: 'The broker is stopping',
    starting: 'The broker is starting',
  }[state]
  const command = state === 'maintenance' ? { command: 'pabal revive' } : {}
  return [{ kind: state, severity: state === 'frozen' ? 'bad' : 'look', text, ...command }]
}

function blockedFindings(facts: BrokerFacts): Finding[] {
  const { figures, now, blockedSince: since, blockedCount: count } = facts
  const { blockedReason } = figures
  if (blockedReason === undefined) return []
  const waiting =
    count === 0 ? '' : `; ${many(count, 'connection')} ${count === 1 ? 'waits' : 'wait'}`
  const time = since === undefined ? '' : ` for ${span(now - since)}`
  return [
    {
      kind: 'publishers-blocked',
      severity: 'bad',
      text: `Publishers are blocked${time}: ${shortageText(facts, blockedReason)}${waiting}`,
      count,
      ...(since !== undefined && { since }),
      command: blockedReason.includes('disk') ? 'pabal queue list' : 'pabal conn list',
    },
  ]
}

/** Which limit, and how much is left. */
function shortageText({ figures, disk }: BrokerFacts, reason: string): string {
  const { inUseBytes, watermarkBytes } = figures.memory
  const texts: string[] = []
  if (reason.includes('memory')) {
    texts.push(`${size(inUseBytes)} of memory are in use, the limit is ${size(watermarkBytes)}`)
  }
  if (reason.includes('disk')) {
    const isFull = disk !== undefined && disk.freeSize <= disk.freeSizeMin
    texts.push(
      isFull
        ? `${size(disk.freeSize)} of the disk are free, they go on above ${size(disk.freeSizeMin)}`
        : 'the disk cannot be written, which is tried again until it works',
    )
  }
  if (reason.includes('other nodes')) {
    texts.push('too many messages wait for other nodes, which do not take them: see the log')
  }
  return texts.join(', and ') || reason
}

function fileFindings({ files }: BrokerFacts): Finding[] {
  if (files === undefined || !Number.isFinite(files.max)) return []
  const share = files.open / files.max
  if (share < healthLimits.filesShareMax) return []
  return [
    {
      kind: 'files',
      severity: share < healthLimits.filesShareBad ? 'look' : 'bad',
      text: `${number(files.open)} of ${number(files.max)} files are open: without more, clients are turned away`,
      count: files.open,
      command: 'pabal doctor',
    },
  ]
}

function certificateFindings({ figures: { certificateEndsAt: end }, now }: BrokerFacts): Finding[] {
  if (end === undefined || end - now > healthLimits.certificateMs) return []
  const hasEnded = end <= now
  return [
    {
      kind: 'certificate',
      severity: hasEnded ? 'bad' : 'look',
      text: hasEnded
        ? `The certificate ended ${span(now - end)} ago: clients by TLS are refused`
        : `The certificate ends in ${span(end - now)}`,
      since: end,
    },
  ]
}

function memoryFindings({ figures: { memory, blockedReason } }: BrokerFacts): Finding[] {
  const share = memory.inUseBytes / memory.watermarkBytes
  const isTold = blockedReason?.includes('memory') === true
  if (isTold || share < healthLimits.memoryShareMax) return []
  return [
    {
      kind: 'memory',
      severity: 'look',
      text: `${size(memory.inUseBytes)} of memory are in use, ${percent(share)} of where publishers are blocked`,
      command: 'pabal status -o json',
    },
  ]
}

function diskFindings(facts: BrokerFacts): Finding[] {
  const { disk, figures } = facts
  if (disk === undefined || figures.blockedReason?.includes('disk') === true) return []
  const { freeSize, freeSizeMin } = disk
  const leftMs = diskForecast(facts)
  const free = `${size(freeSize)} of the disk are free`
  if (leftMs !== undefined) {
    const text = `At this rate publishers are blocked in ${span(leftMs)}: ${free}, the limit is ${size(freeSizeMin)}`
    return [{ kind: 'disk-forecast', severity: 'look', text, command: 'pabal queue list' }]
  }
  if (freeSize === 0 || freeSize >= freeSizeMin * healthLimits.diskFreeTimes) return []
  const text = `${free}, publishers are blocked below ${size(freeSizeMin)}`
  return [{ kind: 'disk', severity: 'look', text, command: 'pabal queue list' }]
}

/** In how long the disk is full when it goes on as in the last hour, and as in the last third of it. */
function diskForecast({ disk, hour, now }: BrokerFacts): number | undefined {
  const [first] = hour
  const third = hour[Math.floor((hour.length * 2) / 3)]
  if (disk === undefined || first === undefined || third === undefined) return undefined
  if (now - first.time < healthLimits.forecastMsMin) return undefined
  const { freeSize, freeSizeMin } = disk
  const used = (sample: Sample): number => (sample.counts['diskFree'] ?? 0) - freeSize
  if (used(first) < healthLimits.forecastSizeMin || used(third) <= 0) return undefined
  const slope = Math.min(used(first) / (now - first.time), used(third) / (now - third.time))
  const leftMs = Math.max(0, freeSize - freeSizeMin) / slope
  return leftMs <= healthLimits.forecastMsMax ? leftMs : undefined
}
