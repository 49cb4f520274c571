import {
  type Binding,
  bindingKey,
  type QueueLike,
  type QueueTarget,
  type Target,
} from '../../src/broker/exchange/binding.ts'
import { createMatcher } from '../../src/broker/exchange/create-matcher.ts'
import { Exchange } from '../../src/broker/exchange/exchange.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { type FieldTable, emptyTable, table } from '../../src/record/message/field-table.ts'
import { messageWith } from '../../test/support/message-with.ts'
import type { MicroBenchmark } from './micro-benchmark.ts'

type ExchangeType = 'direct' | 'fanout' | 'topic' | 'headers'

/** How binding `index` is made, and a message that matches it. */
type Rule = {
  readonly type: ExchangeType
  readonly pattern: (index: number) => string
  readonly key: (index: number) => string
}

const direct: Rule = {
  type: 'direct',
  pattern: (index) => `key-${index}`,
  key: (index) => `key-${index}`,
}
const words: Rule = {
  type: 'topic',
  pattern: (index) => `stock.${index}.price`,
  key: (index) => `stock.${index}.price`,
}
const stars: Rule = {
  type: 'topic',
  pattern: (index) => `stock.${index}.*`,
  key: (index) => `stock.${index}.price`,
}
const hashes: Rule = {
  type: 'topic',
  pattern: (index) => `stock.${index}.#`,
  key: (index) => `stock.${index}.price.eur`,
}
const fanout: Rule = { type: 'fanout', pattern: () => '', key: () => '' }
const headers: Rule = { type: 'headers', pattern: () => '', key: () => '' }

export const routing: readonly MicroBenchmark[] = [
  routed('direct', direct, 10),
  routed('direct', direct, 100_000),
  ...[10, 1000, 100_000].map((count) => routed('topic, words only', words, count)),
  ...[10, 1000, 100_000].map((count) => routed('topic, with *', stars, count)),
  ...[10, 1000, 100_000].map((count) => routed('topic, with #', hashes, count)),
  routed('headers', headers, 10),
  routed('headers', headers, 1000),
  routed('fanout', fanout, 10),
  routed('fanout', fanout, 1000),
]

/** Looks a different message up each time, so that nothing near it is still warm. */
function routed(kind: string, rule: Rule, count: number): MicroBenchmark {
  return {
    name: `route, ${kind}, ${count.toLocaleString('en-US')} bindings`,
    prepare() {
      const exchange = exchangeWith(rule, count)
      const messages = Array.from({ length: Math.min(count, 4096) }, (_, i) => {
        const index = (i * 7919) % count
        return messageWith([rule.key(index)], headersOf(rule, index))
      })
      let next = 0
      return () => {
        const matched = new Set<Target<QueueLike>>()
        exchange.match(messages[next++ % messages.length]!, matched)
        return matched.size
      }
    },
  }
}

function exchangeWith(rule: Rule, count: number): Exchange<QueueLike> {
  const declaration = {
    name: 'orders',
    type: rule.type,
    durable: true,
    autoDelete: false,
    internal: false,
    arguments: emptyTable,
  }
  const exchange = new Exchange<QueueLike>(
    declaration,
    createMatcher(rule.type, { arguments: emptyTable, random: systemRandom }),
  )
  for (let index = 0; index < count; index++) {
    exchange.addBinding(bindingOf(exchange, rule, index))
  }
  return exchange
}

function bindingOf(exchange: Exchange<QueueLike>, rule: Rule, index: number): Binding<QueueLike> {
  const queue = { name: `queue-${index}`, id: index, isDurable: true, type: 'classic' }
  const target: QueueTarget<QueueLike> = { kind: 'queue', queue, bindings: undefined }
  const routingKey = rule.pattern(index)
  const args = headersOf(rule, index)
  const key = bindingKey(target, routingKey, args)
  return { key, source: exchange, target, routingKey, arguments: args }
}

function headersOf({ type }: Rule, index: number): FieldTable {
  if (type !== 'headers') return emptyTable
  return table({ tenant: `tenant-${index}` })
}
