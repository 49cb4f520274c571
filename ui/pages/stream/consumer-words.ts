// What consumers do, and what holds them up, in words.
import type {
  StreamConsumerJson,
  StreamConsumersJson,
} from '../../../src/admin/v1/stream-consumer-operations.ts'
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { count, counted, duration, rate } from '../../lib/format.ts'

export interface ConsumerState {
  readonly text: string
  readonly tone: 'plain' | 'good' | 'look' | 'bad'
  readonly hint: string
}

/** `now` is the broker's time in milliseconds since the Unix epoch. */
export function consumerState(consumer: StreamConsumerJson, now: number): ConsumerState {
  const { active, unacked, settle_rate: settles, idle_since: idle } = consumer
  if (!active) {
    return { text: 'waits', tone: 'plain', hint: 'Another one is the single active consumer' }
  }
  if ((unacked ?? 0) > 0 && settles === 0 && idle !== null) {
    const since = duration(Math.max(1000, now - idle))
    return { text: 'stuck', tone: 'bad', hint: `Has messages and has settled none for ${since}` }
  }
  if (isFull(consumer)) {
    return { text: 'full', tone: 'look', hint: 'Holds as many as its prefetch allows' }
  }
  if (consumer.deliver_rate > 0 || settles > 0) {
    return { text: 'works', tone: 'good', hint: 'Gets messages and settles them' }
  }
  return { text: 'idle', tone: 'plain', hint: 'Has room, and nothing comes' }
}

function isFull({ prefetch, unacked }: StreamConsumerJson): boolean {
  return prefetch > 0 && (unacked ?? 0) >= prefetch
}

/** How long a message stays with a consumer, in milliseconds, as the ones that it has say (Little's law). */
export function holdMs({ unacked, settle_rate: settles }: StreamConsumerJson): number | undefined {
  return unacked === null || unacked === 0 || settles === 0 ? undefined : (unacked / settles) * 1000
}

/** The one that settles least of those that have something; undefined unless there are several. */
export function slowestOf(
  consumers: readonly StreamConsumerJson[],
): StreamConsumerJson | undefined {
  const working = consumers.filter(({ unacked, active }) => active && (unacked ?? 0) > 0)
  if (working.length < 2) return undefined
  const slowest = working.toSorted((a, b) => a.settle_rate - b.settle_rate)[0]
  const mean = working.reduce((sum, each) => sum + each.settle_rate, 0) / working.length
  return slowest !== undefined && slowest.settle_rate < mean / 2 ? slowest : undefined
}

/** One sentence about all who read a stream. */
export function readersSentence(
  stream: StreamShownJson,
  { consumers, consumer_count: total }: StreamConsumersJson,
  now: number,
): string {
  const groups = groupWords(stream)
  if (stream.paused_since !== null) {
    return `The queue is paused: ${counted(total, 'consumer')} ${total === 1 ? 'gets' : 'get'} nothing until it is resumed.`
  }
  if (total === 0) return groups ?? 'Nobody reads it.'
  const words = [consumerWords(consumers, total, now), groups]
  return words.filter((text) => text !== undefined).join(' ')
}

function consumerWords(
  consumers: readonly StreamConsumerJson[],
  total: number,
  now: number,
): string {
  const stuck = consumers.filter((each) => consumerState(each, now).text === 'stuck')
  if (stuck.length > 0) {
    const held = stuck.reduce((sum, { unacked }) => sum + (unacked ?? 0), 0)
    return `${stuckWords(stuck.length, total)} stuck with ${counted(held, 'message')}.`
  }
  const [only] = consumers
  if (total === 1 && only !== undefined && isFull(only)) return oneByOne(only)
  const settles = consumers.reduce((sum, each) => sum + each.settle_rate, 0)
  return settles === 0
    ? `${counted(total, 'consumer')}, and nothing to do.`
    : `${counted(total, 'consumer')} ${total === 1 ? 'settles' : 'settle'} ${rate(settles)}.`
}

function stuckWords(stuck: number, total: number): string {
  if (total === 1) return 'Its consumer is'
  if (stuck === total) return `All ${counted(total, 'consumer')} are`
  return `${count(stuck)} of ${counted(total, 'consumer')} ${stuck === 1 ? 'is' : 'are'}`
}

/** What its prefetch and its pace come to. */
function oneByOne(consumer: StreamConsumerJson): string {
  const ms = holdMs(consumer)
  if (ms === undefined) return '1 consumer holds as many messages as its prefetch allows.'
  const most = rate((1000 * consumer.prefetch) / ms)
  return `Prefetch ${count(consumer.prefetch)} and ${duration(ms)} per message: one consumer cannot exceed ${most}.`
}

function groupWords({ groups, lag }: StreamShownJson): string | undefined {
  if (groups.length === 0) return undefined
  const all = counted(groups.length, 'group')
  if ((lag ?? 0) === 0) return `${all} ${groups.length === 1 ? 'has' : 'have'} read everything.`
  const behind = groups.filter((group) => group.lag > 0)
  const idle = behind.filter(({ members }) => members === 0)
  const nobody =
    idle.length === 0
      ? ''
      : `, and nobody is in ${idle.length === 1 ? 'one' : count(idle.length)} of them`
  return `${count(behind.length)} of ${all} ${behind.length === 1 ? 'is' : 'are'} behind, up to ${counted(lag ?? 0, 'message')}${nobody}.`
}
