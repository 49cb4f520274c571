// Policies on a broker: what exists gets them in slices, what is added at once, and all of it agrees.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageWith } from '../../../test/support/message-with.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { brokerLimits } from '../../limits/broker.ts'
import type { TopologyEntry } from '../../log/commit.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { foldTopology } from '../../meta/fold-topology.ts'
import type { PolicyDefinition } from '../../meta/topology-change.ts'
import { emptyTable, table } from '../../record/message/field-table.ts'
import { VirtualClock } from '../../testing/virtual-clock.ts'
import { Broker } from '../broker.ts'
import type { Destination } from '../destination.ts'
import type { InertNotice } from '../inert-settings.ts'
import type { Topic } from '../topic/topic.ts'
import type { VHost } from '../vhost.ts'
import { checkPolicy, type PolicyAsked } from './check-policy.ts'
import type { PolicyKeeper } from './policy-keeper.ts'
import type { Policy } from './policy.ts'

/** A clock on which some hundred looks at it are a slice. */
class SlowClock extends VirtualClock {
  override monotonic(): number {
    this.pass(brokerLimits.changeSliceMs / 200)
    return super.monotonic()
  }
}

class Fixture {
  readonly clock: VirtualClock
  readonly entries: TopologyEntry[] = []
  readonly notices: InertNotice[] = []
  readonly broker: Broker

  constructor(clock: VirtualClock = new VirtualClock()) {
    this.clock = clock
    const turn = new Turn(clock)
    this.broker = new Broker({
      store: new MemoryLogStore({
        clock,
        turn,
        onTopologyDurable: (entry) => this.entries.push(entry),
      }),
      turn,
      random: systemRandom,
      clock,
      vhosts: ['other'],
      onDamaged: (_queue, _offset, error) => assert.fail(error),
      onInert: (notice) => this.notices.push(notice),
    })
  }

  get vhost(): VHost<Destination> {
    return this.broker.getVHost('/')
  }

  get keeper(): PolicyKeeper {
    return this.broker.policiesOf(this.vhost)
  }

  declare(name: string, args: Record<string, string | number> = {}): Destination {
    const { queue } = this.broker.declareQueue(this.vhost, {
      name,
      durable: true,
      exclusive: false,
      autoDelete: false,
      arguments: table(args),
      connection: this,
    })
    return queue
  }

  /** Begins to set a policy of every object. */
  begin(
    name: string,
    definition: PolicyDefinition,
    asked: Partial<PolicyAsked> = {},
  ): Promise<void> {
    return this.keeper.set(policyOf(name, definition, asked)).done
  }

  async set(...args: Parameters<Fixture['begin']>): Promise<void> {
    await this.finish(this.begin(...args))
  }

  /** Ends turns until the promise is kept. */
  async finish(promise: Promise<void> | undefined): Promise<void> {
    const state = { isDone: false }
    const done = promise?.then(() => (state.isDone = true))
    while (!state.isDone) await this.endTurn()
    await done
  }

  async endTurn(): Promise<void> {
    this.clock.endOneTurn()
    // What waits for promises goes on.
    await new Promise<void>((resolve) => process.nextTick(resolve))
  }
}

function policyOf(
  name: string,
  definition: PolicyDefinition,
  asked: Partial<PolicyAsked> = {},
): Policy {
  const usual = { vhost: '/', isOperator: false, pattern: '.*' }
  const { policy } = checkPolicy({ ...usual, name, definition, ...asked })
  assert.ok(policy)
  return policy
}

const policyNames = (queues: Iterable<Destination>): Set<string | undefined> =>
  new Set(Array.from(queues, ({ policy }) => policy?.policy))

test('a queue has what arguments and policies add up to, and is told apart by its arguments alone', async () => {
  const it = new Fixture()
  const queue = it.declare('q', { 'x-max-length': 9 })
  await it.set('p', { 'max-length': 5, overflow: 'reject-publish' })
  assert.ok(queue.kind === 'queue')
  assert.deepEqual([queue.settings.lengthMax, queue.settings.overflow], [5, 'reject-publish'])
  assert.equal(it.declare('q', { 'x-max-length': 9 }), queue)
  assert.throws(() => it.declare('q', { 'x-max-length': 5 }), /inequivalent arg 'x-max-length'/)
  const later = it.declare('r')
  assert.equal(later.policy, queue.policy)
  await it.finish(it.keeper.delete(false, 'p'))
  assert.deepEqual(
    [queue.settings.lengthMax, queue.policy, later.policy],
    [9, undefined, undefined],
  )
  assert.equal(it.keeper.delete(false, 'p'), undefined)
})

test('policies of a virtual host are not those of another', async () => {
  const it = new Fixture()
  await it.set('p', { 'alternate-exchange': 'amq.fanout' })
  const alternates = ['/', 'other'].map(
    (name) => it.broker.getVHost(name).getExchange('amq.topic').alternate,
  )
  assert.deepEqual(alternates, ['amq.fanout', undefined])
})

test('an exchange has an alternate by policy where it was declared without, but for the default one', async () => {
  const it = new Fixture()
  const properties = { type: 'fanout', durable: true, autoDelete: false, internal: false }
  const own = table({ 'alternate-exchange': 'nowhere' })
  it.vhost.declareExchange({ ...properties, name: 'own', arguments: own })
  it.vhost.declareExchange({ ...properties, name: 'none', arguments: emptyTable })
  it.declare('q')
  it.vhost.bindQueue('q', 'amq.fanout', '', emptyTable)
  const routeOf = (exchange: string): string[] => {
    return it.vhost.route(exchange, messageWith(['k'])).queues.map(({ name }) => name)
  }
  assert.deepEqual(routeOf('none'), [])
  const { version } = it.vhost
  await it.set('p', { 'alternate-exchange': 'amq.fanout' }, { applyTo: 'exchanges' })
  assert.ok(it.vhost.version > version, 'routes are found again')
  assert.deepEqual([routeOf('none'), routeOf('own'), routeOf('')], [['q'], [], []])
  assert.equal(it.vhost.getExchange('').policy, undefined)
  await it.finish(it.keeper.delete(false, 'p'))
  assert.deepEqual(routeOf('none'), [])
})

test('a stream has the retention of its policy, and its own again after that', async () => {
  const it = new Fixture()
  const args = { 'x-queue-type': 'stream', 'x-max-age': '7D', 'x-max-length-bytes': 1000 }
  const { config } = it.declare('s', args) as Topic
  const topic = it.declare('s', args) as Topic
  let changes = 0
  it.broker.onRetentionChanged = () => changes++
  await it.set('p', { 'max-age': '1h', 'max-length-bytes': 5000 }, { applyTo: 'streams' })
  assert.deepEqual([topic.config.retentionMs, topic.config.retentionSize], [3_600_000, 5000])
  assert.equal(changes, 1)
  // What was declared is what may be declared again, and what is kept.
  assert.equal(it.declare('s', args), topic)
  assert.throws(
    () => it.declare('s', { ...args, 'x-max-age': '1h' }),
    /inequivalent arg 'x-max-age'/,
  )
  assert.deepEqual(topic.row().topic?.configs, config.overrides)
  it.broker.topicsOf(it.vhost).configure(topic, { ...config.overrides, 'retention.bytes': '7' })
  assert.equal(topic.config.retentionSize, 5000)
  await it.finish(it.keeper.delete(false, 'p'))
  assert.deepEqual([topic.config.retentionMs, topic.config.retentionSize], [7 * 86_400_000, 7])
})

test('many queues get it in several turns, what is declared meanwhile at once', async () => {
  const it = new Fixture(new SlowClock())
  const queues = Array.from({ length: 1000 }, (_, number) => it.declare(`q${number}`))
  const state = { isDone: false }
  const done = it.begin('p', { 'max-length': 5 }).then(() => (state.isDone = true))
  let turns = 0
  let later: Destination | undefined
  for (; !state.isDone; turns++) {
    if (turns === 2) later = it.declare('later')
    if (turns === 3) it.broker.deleteQueue(queues[5]!)
    await it.endTurn()
  }
  await done
  assert.ok(turns > 4, `${turns} turns`)
  assert.equal(later?.policy?.policy, 'p')
  assert.deepEqual(policyNames(it.vhost.queues()), new Set(['p']))
})

test('a change while another is being applied is the one that all have in the end', async () => {
  const it = new Fixture(new SlowClock())
  for (let number = 0; number < 600; number++) it.declare(`q${number}`)
  const first = it.begin('first', { 'max-length': 5 })
  await it.endTurn()
  const second = it.begin('second', { 'max-length': 4 }, { priority: 1 })
  const third = it.begin('third', { 'max-length': 3 }, { priority: 2 })
  await it.finish(first)
  await it.finish(second)
  assert.deepEqual(policyNames(it.vhost.queues()), new Set(['third']))
  await it.finish(third)
  await it.finish(it.keeper.delete(false, 'third'))
  assert.deepEqual(policyNames(it.vhost.queues()), new Set(['second']))
})

test('policies are there after a start, for all that is', async () => {
  const it = new Fixture()
  it.declare('q')
  await it.set('p', { 'max-length': 5 })
  await it.set('p', { 'max-length': 3 }, { isOperator: true })
  await it.set('x', { 'alternate-exchange': 'amq.fanout' }, { applyTo: 'exchanges', priority: 1 })
  await it.set('gone', { expires: 5 }, { priority: 5 })
  await it.finish(it.keeper.delete(false, 'gone'))
  const topology = foldTopology(it.entries)
  const next = new Fixture()
  const broken = { ...topology.policies[0]!, name: 'broken', priority: 9, pattern: '(' }
  const { unmatched } = next.broker.restore(
    { ...topology, policies: [...topology.policies, broken] },
    [],
  )
  assert.deepEqual(unmatched, [broken])
  const queue = next.vhost.getQueue('q')
  assert.deepEqual(queue.policy, {
    policy: 'p',
    operatorPolicy: 'p',
    definition: { 'max-length': 3 },
  })
  assert.equal(next.vhost.getExchange('amq.topic').alternate, 'amq.fanout')
})

test('what has no effect yet is told with what comes of it', async () => {
  const it = new Fixture()
  await it.set('p', { 'max-length': 5 })
  await it.set('o', { 'target-group-size': 3 }, { isOperator: true })
  const settings = [
    { name: 'target-group-size', consequence: 'there is one copy, on this machine' },
  ]
  assert.deepEqual(it.notices, [{ kind: 'operator policy', vhost: '/', name: 'o', settings }])
})

test('there are only so many policies', () => {
  const it = new Fixture()
  const limit = brokerLimits.policiesPerVHostMax
  for (let number = 0; number < limit; number++) {
    it.vhost.policies.put(policyOf(`p${number}`, { expires: 1 }, { pattern: '^never' }))
  }
  assert.equal(it.keeper.whyFull({ isOperator: false, name: 'p0' }), undefined)
  assert.equal(it.keeper.whyFull({ isOperator: true, name: 'new' }), undefined)
  assert.equal(
    it.keeper.whyFull({ isOperator: false, name: 'new' }),
    `component policy is limited to ${limit}`,
  )
})
