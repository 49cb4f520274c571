// What `pabal top` shows at a moment, as lines.
import { tableLines } from '../print-table.ts'
import { showDuration } from '../show-duration.ts'
import { type SortOrder, sortColumns, type View } from './look.ts'

const MiB = 1024 * 1024
const rateNames = ['published', 'confirmed', 'delivered', 'acked', 'redelivered', 'fetched']
const headings = ['queue', 'ready', 'unacked', 'consumers'] as const

/** The broker, its rates, and at most `queuesMax` queues after the first `skipped`. */
export function frameLines(
  view: View,
  order: SortOrder,
  { queuesMax, skipped = 0 }: { readonly queuesMax: number; readonly skipped?: number },
): string[] {
  const { status, rates, queues } = view
  const { inUseBytes, watermarkBytes } = status.memory
  const clients = Object.entries(status.clients).map(([protocol, count]) => `${count} ${protocol}`)
  const { counts } = status
  const shown = queues.slice(skipped, skipped + queuesMax)
  return [
    `Pabal ${status.version}, ${status.state}, up ${showDuration(status.uptimeMs)}` +
      (status.blockedReason === undefined ? '' : `, PUBLISHERS BLOCKED: ${status.blockedReason}`),
    `memory   ${inMiB(inUseBytes)} of ${inMiB(watermarkBytes)} MiB until publishers are blocked`,
    `clients  ${clients.join(', ')}, ${counts['channels']} channels, ${counts['consumers']} consumers`,
    `waiting  ${counts['messagesReady']} ready, ${counts['messagesUnacked']} unacked in ${counts['queues']} queues`,
    `a second ${rateNames.map((name) => `${rates[name] ?? 0} ${name}`).join(', ')}`,
    '',
    ...tableLines(
      [...headingsOf(order), 'ready a second', 'type', 'vhost'],
      shown.map((queue) => [
        ...sortColumns.map((column) => `${queue[column]}`),
        signed(queue.growth),
        queue.type,
        queue.vhost,
      ]),
    ),
  ]
}

/** With an arrow at the one that queues are sorted by. */
function headingsOf({ column, isReverse }: SortOrder): string[] {
  const arrow = isReverse ? '↓' : '↑'
  return headings.map((heading, index) =>
    sortColumns[index] === column ? `${heading} ${arrow}` : heading,
  )
}

function signed(growth: number | null): string {
  if (growth === null) return ''
  return growth > 0 ? `+${growth}` : `${growth}`
}

function inMiB(bytes: number): number {
  return Math.round(bytes / MiB)
}
