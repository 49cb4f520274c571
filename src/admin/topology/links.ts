// Where each thing of a virtual host leads, and what leads to it.
import type { Destination } from '../../broker/destination.ts'
import { targetName } from '../../broker/exchange/binding.ts'
import { eachBinding } from '../../broker/exchange/bindings.ts'
import { deadLetterIdOf, type Survey } from './survey.ts'
import { idOf, type Link, type Reader, type Thing } from './thing.ts'

/** What `thing` leads to. */
export function* linksFrom(survey: Survey, thing: Thing): Generator<Link> {
  const from = idOf(thing.kind, thing.name)
  if (thing.kind === 'exchange') {
    const { exchange } = thing
    for (const binding of exchange.bindings()) {
      const to = idOf(binding.target.kind, targetName(binding.target))
      yield { kind: 'binding', from, to, binding }
    }
    for (const subscription of survey.subscriptionsFrom(exchange.name)) {
      const to = idOf('queue', subscription.destination)
      yield { kind: 'binding', from, to, binding: subscription }
    }
    if (exchange.alternate !== undefined) {
      yield { kind: 'alternate', from, to: idOf('exchange', exchange.alternate) }
    }
    if (exchange.name !== '') return
    for (const name of survey.byNameOnly) yield { kind: 'default', from, to: idOf('queue', name) }
  }
  if (thing.kind === 'queue') yield* linksFromQueue(survey, thing.queue)
}

function* linksFromQueue(survey: Survey, queue: Destination): Generator<Link> {
  const from = idOf('queue', queue.name)
  const deadLetters = deadLetterLink(queue)
  if (deadLetters !== undefined) yield deadLetters
  for (const { name } of queue.kind === 'topic' ? queue.subscriptions : []) {
    yield { kind: 'source', from, to: idOf('queue', name) }
  }
  for (const reader of survey.readersOf.get(queue.name) ?? []) yield readLink(queue.name, reader)
}

/** What leads to `thing`. */
export function* linksTo(survey: Survey, thing: Thing): Generator<Link> {
  if (thing.kind === 'client' || thing.kind === 'group') {
    for (const name of thing.queues.keys()) yield readLink(name, thing)
    return
  }
  for (const name of survey.deadLettersTo.get(idOf(thing.kind, thing.name)) ?? []) {
    const queue = survey.vhost.findQueue(name)
    const link = queue && deadLetterLink(queue)
    if (link !== undefined) yield link
  }
  if (thing.kind === 'queue') yield* linksToQueue(survey, thing.queue)
  else yield* linksToExchange(survey, thing)
}

function* linksToExchange(
  survey: Survey,
  thing: Extract<Thing, { readonly kind: 'exchange' | 'missing' }>,
): Generator<Link> {
  const to = idOf('exchange', thing.name)
  for (const name of survey.alternatesTo.get(thing.name) ?? []) {
    yield { kind: 'alternate', from: idOf('exchange', name), to }
  }
  if (thing.kind === 'missing') return
  for (const binding of eachBinding(thing.exchange.target.bindings)) {
    yield { kind: 'binding', from: idOf('exchange', binding.source.name), to, binding }
  }
}

function* linksToQueue(survey: Survey, queue: Destination): Generator<Link> {
  const to = idOf('queue', queue.name)
  for (const binding of survey.vhost.bindingsTo(queue.name)) {
    yield { kind: 'binding', from: idOf('exchange', binding.source.name), to, binding }
  }
  for (const subscription of survey.subscriptionsTo(queue.name)) {
    const from = idOf('exchange', subscription.source)
    yield { kind: 'binding', from, to, binding: subscription }
  }
  if (survey.byNameOnly.has(queue.name)) yield { kind: 'default', from: idOf('exchange', ''), to }
  if (queue.kind === 'queue' && queue.source !== undefined) {
    yield { kind: 'source', from: idOf('queue', queue.source.topic.name), to }
  }
}

function deadLetterLink(queue: Destination): Link | undefined {
  const to = deadLetterIdOf(queue)
  if (to === undefined || queue.kind === 'topic') return undefined
  const { routingKey } = queue.settings.deadLetter ?? {}
  return { kind: 'dead_letter', from: idOf('queue', queue.name), to, routingKey }
}

function readLink(queueName: string, reader: Reader): Link {
  const count = reader.queues.get(queueName) ?? 0
  return {
    kind: 'read',
    from: idOf('queue', queueName),
    to: idOf(reader.kind, reader.name),
    ...(reader.kind === 'group' ? { lag: count } : { consumers: count }),
  }
}
