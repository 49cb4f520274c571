// Random declarations, bindings and deletions, followed by a model that is nothing but lists.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { messageWith } from '../../test/support/message-with.ts'
import type { BindingRow, TopologyChange } from '../meta/topology-change.ts'
import { emptyTable } from '../record/message/field-table.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import type { QueueLike } from './exchange/binding.ts'
import { VHost } from './vhost.ts'

interface ModelBinding {
  readonly source: string
  readonly target: string
  readonly key: string
}

type Command =
  | readonly ['declare', exchange: string, autoDelete: boolean]
  | readonly ['delete', exchange: string]
  | readonly ['add', queue: string]
  | readonly ['remove', queue: string]
  | readonly ['bind' | 'unbind', target: string, source: string, key: string]

// Names tell the kind and the durability: uppercase outlives the process.
const exchangeNames = ['x1', 'x2', 'X3', 'X4', 'X5']
const queueNames = ['q1', 'Q2', 'Q3']
const isQueue = (name: string): boolean => name.toLowerCase().startsWith('q')
const isDurable = (name: string): boolean => name === name.toUpperCase()

const exchange = fc.constantFrom(...exchangeNames)
const queue = fc.constantFrom(...queueNames)
const key = fc.constantFrom('a', 'b')
const binding = fc.tuple(
  fc.constantFrom<'bind' | 'unbind'>('bind', 'bind', 'bind', 'unbind'),
  fc.oneof(exchange, queue),
  exchange,
  key,
)
const command: fc.Arbitrary<Command> = fc.oneof(
  { arbitrary: fc.tuple(fc.constant('declare' as const), exchange, fc.boolean()), weight: 2 },
  fc.tuple(fc.constant('delete' as const), exchange),
  fc.tuple(fc.constant('add' as const), queue),
  fc.tuple(fc.constant('remove' as const), queue),
  { arbitrary: binding, weight: 12 },
)

const everything: readonly Command[] = [
  ...exchangeNames.map((name, i) => ['declare', name, i % 2 === 0] as const),
  ...queueNames.map((name) => ['add', name] as const),
]

class Model {
  exchanges = new Map<string, boolean>()
  queues = new Set<string>()
  bindings: ModelBinding[] = []

  has(name: string): boolean {
    return isQueue(name) ? this.queues.has(name) : this.exchanges.has(name)
  }

  remove(name: string): void {
    this.queues.delete(name)
    this.exchanges.delete(name)
    const sources = this.bindings.filter((it) => it.target === name).map((it) => it.source)
    this.bindings = this.bindings.filter((it) => it.target !== name && it.source !== name)
    for (const source of sources) this.endIfAbandoned(source)
  }

  unbind(source: string, target: string, key: string): void {
    const count = this.bindings.length
    this.bindings = this.bindings.filter(
      (it) => !(it.source === source && it.target === target && it.key === key),
    )
    if (this.bindings.length < count) this.endIfAbandoned(source)
  }

  endIfAbandoned(name: string): void {
    const isBound = this.bindings.some((it) => it.source === name)
    if (this.exchanges.get(name) === true && !isBound) this.remove(name)
  }

  route(start: string, key: string, seen: Set<string> = new Set()): Set<string> {
    const reached = new Set<string>()
    if (seen.has(start)) return reached
    seen.add(start)
    for (const { source, target, key: bound } of this.bindings) {
      if (source !== start || bound !== key) continue
      if (isQueue(target)) reached.add(target)
      else for (const name of this.route(target, key, seen)) reached.add(name)
    }
    return reached
  }
}

/** What a follower of the log would know: durable exchanges and bindings. */
class Follower {
  exchanges = new Set<string>()
  bindings: BindingRow[] = []

  apply(change: TopologyChange): void {
    if (change.kind === 'exchange') {
      if (change.op === 'put') this.exchanges.add(change.row.name)
      else this.forget(change.name)
    } else if (change.kind === 'queue' && change.op === 'delete') {
      this.forget(change.name)
    } else if (change.kind === 'binding' && change.op === 'put') {
      this.bindings.push(change.row)
    } else if (change.kind === 'binding') {
      const { source, destination, routingKey } = change.row
      this.bindings = this.bindings.filter(
        (row) =>
          row.source !== source || row.destination !== destination || row.routingKey !== routingKey,
      )
    }
  }

  forget(name: string): void {
    this.exchanges.delete(name)
    this.bindings = this.bindings.filter((row) => row.source !== name && row.destination !== name)
  }
}

function runCommand(vhost: VHost<QueueLike>, model: Model, command: Command): TopologyChange[] {
  switch (command[0]) {
    case 'declare':
      return declare(vhost, model, command[1], command[2])
    case 'delete':
      model.remove(command[1])
      return [...vhost.deleteExchange(command[1], { ifUnused: false })]
    case 'add':
      if (model.queues.has(command[1])) return []
      model.queues.add(command[1])
      vhost.addQueue({ name: command[1], id: 0, isDurable: isDurable(command[1]), type: 'classic' })
      return []
    case 'remove': {
      model.remove(command[1])
      const gone = { kind: 'queue', op: 'delete', vhost: '/', name: command[1] } as const
      return [gone, ...vhost.removeQueue(command[1])]
    }
    default:
      return changeBinding(vhost, model, command)
  }
}

function declare(
  vhost: VHost<QueueLike>,
  model: Model,
  name: string,
  autoDelete: boolean,
): TopologyChange[] {
  if (model.exchanges.has(name)) return []
  model.exchanges.set(name, autoDelete)
  const durable = isDurable(name)
  const type = name.endsWith('2') ? 'topic' : 'direct'
  const rest = { internal: false, arguments: emptyTable }
  return [...vhost.declareExchange({ name, type, durable, autoDelete, ...rest })]
}

function changeBinding(
  vhost: VHost<QueueLike>,
  model: Model,
  [op, target, source, key]: Extract<Command, readonly ['bind' | 'unbind', ...unknown[]]>,
): TopologyChange[] {
  const method = `${op}${isQueue(target) ? 'Queue' : 'Exchange'}` as const
  const isPossible = model.has(target) && model.has(source)
  if (op === 'bind' && !isPossible) {
    assert.throws(() => vhost[method](target, source, key, emptyTable), /^BrokerError: no /)
    return []
  }
  if (op === 'unbind') model.unbind(source, target, key)
  else if (!model.bindings.some((it) => isSame(it, { source, target, key }))) {
    model.bindings.push({ source, target, key })
  }
  return [...vhost[method](target, source, key, emptyTable)]
}

function isSame(a: ModelBinding, b: ModelBinding): boolean {
  return a.source === b.source && a.target === b.target && a.key === b.key
}

function checkRoutes(vhost: VHost<QueueLike>, model: Model): void {
  for (const exchange of exchangeNames) {
    assert.equal(vhost.findExchange(exchange) !== undefined, model.exchanges.has(exchange))
    if (!model.exchanges.has(exchange)) continue
    for (const key of ['a', 'b']) {
      const { queues } = vhost.route(exchange, messageWith([key]))
      assert.equal(new Set(queues).size, queues.length)
      assert.deepEqual(new Set(queues.map((it) => it.name)), model.route(exchange, key))
    }
  }
}

function checkBindingsTo(vhost: VHost<QueueLike>, model: Model): void {
  for (const name of queueNames) {
    const leading = model.bindings.filter((it) => it.target === name)
    assert.equal(Array.from(vhost.bindingsTo(name)).length, leading.length)
  }
}

function checkFollower(follower: Follower, model: Model): void {
  assert.deepEqual(follower.exchanges, new Set([...model.exchanges.keys()].filter(isDurable)))
  const durable = model.bindings.filter((it) => isDurable(it.source) && isDurable(it.target))
  const describeModel = ({ source, target, key }: ModelBinding): string =>
    `${source} ${target} ${key}`
  const describeRow = ({ source, destination, routingKey }: BindingRow): string =>
    `${source} ${destination} ${routingKey}`
  assert.deepEqual(
    follower.bindings.map(describeRow).toSorted(),
    durable.map(describeModel).toSorted(),
  )
}

test('VHost routes, cascades and reports changes as a model of plain lists does', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (commands) => {
      const vhost = new VHost<QueueLike>('/', { random: seededRandom(1) })
      const model = new Model()
      const follower = new Follower()
      for (const command of [...everything, ...commands]) {
        for (const change of runCommand(vhost, model, command)) follower.apply(change)
        checkRoutes(vhost, model)
        checkBindingsTo(vhost, model)
        checkFollower(follower, model)
      }
    }),
    { numRuns: 500 },
  )
})
