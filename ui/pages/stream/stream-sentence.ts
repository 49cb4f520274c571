// One sentence that says what matters about a stream now.
import type { StreamShownJson } from '../../../src/admin/v1/stream-show-operations.ts'
import { count, counted, duration, rate } from '../../lib/format.ts'
import { plainName } from '../../lib/show-name.ts'

/** Below it a change is noise: one message in twenty seconds. */
const stillRate = 0.05

/** `now` is the broker's time in milliseconds since the Unix epoch; without rates nothing is said of them. */
export function sentenceOf(stream: StreamShownJson, now: number, hasRates = true): string {
  if (stream.kind === 'topic') return topicSentence(stream)
  if (stream.paused_since !== null) return pausedSentence(stream, stream.paused_since, now)
  if (stream.messages === 0) return emptySentence(stream)
  if (stream.consumers + stream.groups.length === 0) {
    return `${unreadSentence(stream)} ${waits(stream, now)}`.trim()
  }
  if (isStuck(stream)) return stuckSentence(stream, now)
  if (!hasRates) return `${there(stream)} ${waits(stream, now)}`.trim()
  return movingSentence(stream, now).trim()
}

function pausedSentence(stream: StreamShownJson, since: number, now: number): string {
  const { messages, consumers } = stream
  const length = duration(Math.max(1000, Math.floor((now - since) / 1000) * 1000))
  const nobody =
    consumers === 0 ? '' : `, and ${counted(consumers, 'consumer')} ${does(consumers, 'get')} none`
  return `Paused for ${length}: ${counted(messages, 'message')} ${does(messages, 'wait')}${nobody}.`
}

function unreadSentence({ messages, dead_letter_sources: sources }: StreamShownJson): string {
  if (sources > 0) return `${counted(messages, 'dead letter')} of ${counted(sources, 'queue')}.`
  return `Nobody consumes it: ${counted(messages, 'message')} ${does(messages, 'wait')}.`
}

function movingSentence(stream: StreamShownJson, now: number): string {
  const { messages, consumers, rates } = stream
  const growth = stream.growth ?? 0
  if (stream.growing) {
    return `Grows by ${rate(growth)}: ${rate(rates.in)} come in, ${rate(rates.ack)} are acked by ${counted(consumers, 'consumer')}. ${waits(stream, now)}`
  }
  if (growth < -stillRate) {
    return `Gets shorter by ${rate(-growth)}: empty in about ${duration((messages / -growth) * 1000)}.`
  }
  const busy = rates.in > 0 ? `${rate(rates.in)} come in and leave` : 'Nothing moves'
  return `${busy}; ${there(stream)} ${waits(stream, now)}`
}

function there({ messages }: StreamShownJson): string {
  return `${counted(messages, 'message')} ${messages === 1 ? 'is' : 'are'} there.`
}

function emptySentence({ consumers, groups, rates }: StreamShownJson): string {
  if (rates.in > 0) return `Keeps up: ${rate(rates.in)} come in and none waits.`
  if (consumers > 0) return `Empty; ${counted(consumers, 'consumer')} ${does(consumers, 'wait')}.`
  if (groups.length > 0) {
    return `Empty; ${counted(groups.length, 'group')} ${does(groups.length, 'read')} it.`
  }
  return 'Empty, and nobody consumes it.'
}

/** The verb as one or several do it. */
function does(number: number, verb: string): string {
  return number === 1 ? `${verb}s` : verb
}

/** Consumers have messages and settle none. */
function isStuck({ unacked, rates, idle_since: idle, consumers }: StreamShownJson): boolean {
  return consumers > 0 && unacked > 0 && rates.ack === 0 && idle !== null
}

function stuckSentence(
  { unacked, consumers, idle_since: idle }: StreamShownJson,
  now: number,
): string {
  const since = idle === null ? '' : ` for ${duration(Math.max(1000, now - idle))}`
  return `${counted(consumers, 'consumer')} ${does(consumers, 'hold')} ${counted(unacked, 'message')} and settled none${since}.`
}

function topicSentence(stream: StreamShownJson): string {
  const { messages, rates } = stream
  const comes = rates.in > 0 ? `${rate(rates.in)} come in. ` : ''
  return `${comes}${readersSentence(stream)} It keeps ${counted(messages, 'message')}.`
}

function readersSentence({ groups, consumers, lag }: StreamShownJson): string {
  const number = groups.length
  if (number === 0) {
    if (consumers === 0) return 'No group reads it.'
    return `${counted(consumers, 'AMQP consumer')} ${does(consumers, 'read')} it.`
  }
  if ((lag ?? 0) === 0) {
    return number === 1
      ? 'Its group has read everything.'
      : `All ${count(number)} groups have read everything.`
  }
  const [slowest] = groups.toSorted((a, b) => b.lag - a.lag)
  const most = number > 1 ? `, the most of ${count(number)}` : ''
  return `Group ${plainName(slowest?.name ?? '')} is ${counted(slowest?.lag ?? 0, 'message')} behind${most}.`
}

function waits({ oldest }: StreamShownJson, now: number): string {
  const ms = oldest === null ? 0 : Math.floor((now - oldest) / 1000) * 1000
  return ms < 1000 ? '' : `The oldest message waits ${duration(ms)}.`
}
