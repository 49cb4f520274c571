// Which keys of bindings match which routing keys, before anything is bound: as a topic exchange compares them.
import { z } from 'zod'
import type { Broker } from '../../broker/broker.ts'
import type {
  Binding,
  BoundExchange,
  QueueLike,
  QueueTarget,
} from '../../broker/exchange/binding.ts'
import { TopicPatternMatcher } from '../../broker/exchange/topic-pattern-matcher.ts'
import type { Steps } from '../../lib/slices.ts'
import { topologyLimits } from '../../limits/topology.ts'
import { emptyTable } from '../../record/message/field-table.ts'
import { type Operation, operation } from '../api/operation.ts'
import { nameText } from '../rabbitmq/fields.ts'

const texts = z.array(nameText).max(topologyLimits.testedTopicsMax)

const bodySchema = z.strictObject({
  patterns: texts.describe('Keys of bindings: `*` is one word, `#` any number of words'),
  routing_keys: texts,
})

const answerSchema = z.object({
  matches: z
    .array(z.object({ pattern: z.string(), routing_keys: z.array(z.string()) }))
    .describe('Each pattern, in their order, with those that it matches'),
})

type Matches = z.infer<typeof answerSchema>['matches']

export function topicTestOperation(broker: Broker): Operation {
  return operation({
    method: 'post',
    path: '/v1/topic-test',
    where: 'node',
    tag: 'Topology',
    summary: 'Say which patterns of a topic exchange match which routing keys; nothing is bound',
    access: 'login',
    isUntold: true,
    body: bodySchema,
    answers: { 200: answerSchema },
    handle: async ({ body: { patterns, routing_keys: keys } }) => ({
      matches: await broker.slices.run(matchesOf(patterns, keys)),
    }),
  })
}

/** A pattern of many `#` takes a while with a long key, and there are many of both. */
function* matchesOf(patterns: readonly string[], keys: readonly string[]): Steps<Matches> {
  const matches: Matches = []
  for (const pattern of patterns) {
    const matcher = matcherOf(pattern)
    const matched: string[] = []
    for (const key of keys) {
      const message = { routingKeys: [key], headers: undefined, findProperty: () => undefined }
      if (matcher.match(message, new Set())) matched.push(key)
      yield
    }
    matches.push({ pattern, routing_keys: matched })
  }
  return matches
}

const anyQueue: QueueLike = { name: '', id: 0, isDurable: false, type: 'classic' }
const target: QueueTarget<QueueLike> = { kind: 'queue', queue: anyQueue, bindings: undefined }

function matcherOf(routingKey: string): TopicPatternMatcher<QueueLike> {
  const matcher = new TopicPatternMatcher<QueueLike>()
  // Its source is nothing that a lookup asks for.
  const source = {} as BoundExchange<QueueLike>
  const binding: Binding<QueueLike> = { key: '', source, target, routingKey, arguments: emptyTable }
  matcher.add(binding)
  return matcher
}
