// A start from the description of all must give what a start from all entries gives, also when others
// declared and deleted while it was made.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword } from '../auth/password-hash.ts'
import { type Random, systemRandom } from '../lib/random.ts'
import { runAtOnce } from '../lib/slices.ts'
import { Turn } from '../lib/turn.ts'
import type { TopologyEntry } from '../log/commit.ts'
import { MemoryLogStore } from '../log/memory/memory-log-store.ts'
import type { AccessChange } from '../meta/access-rows.ts'
import { digestTopology } from '../meta/digest-topology.ts'
import { foldTopology } from '../meta/fold-topology.ts'
import { encodeTopologyChanges } from '../meta/topology-change.ts'
import { emptyTable, FieldTable } from '../record/message/field-table.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { BrokerError } from './broker-error.ts'
import { Broker } from './broker.ts'
import { declareQueue } from './declare-queue.ts'
import { deleteVHost } from './delete-vhost.ts'
import { describeTopology } from './describe-topology.ts'
import type { Destination } from './destination.ts'
import { checkPolicy } from './policy/check-policy.ts'
import type { Changes, VHost } from './vhost.ts'

const stream: FieldTable = FieldTable.from([['x-queue-type', { type: 'longstr', value: 'stream' }]])
const someArguments: FieldTable = FieldTable.from([['x-match', { type: 'longstr', value: 'any' }]])

class Declarer {
  readonly #clock = new VirtualClock()
  readonly entries: TopologyEntry[] = []
  readonly broker: Broker
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
    const turn = new Turn(this.#clock)
    this.broker = new Broker({
      store: new MemoryLogStore({
        clock: this.#clock,
        turn,
        onTopologyDurable: (entry) => this.entries.push(entry),
      }),
      turn,
      random: systemRandom,
      clock: this.#clock,
      vhosts: ['other'],
      onDamaged: (_queue, _offset, error) => assert.fail(error),
    })
  }

  /** Some random declarations, bindings and deletions; what is refused is refused. */
  work(count: number): void {
    for (let number = 0; number < count; number++) {
      try {
        this.#step()
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error
      }
    }
    this.#clock.runUntilIdle()
  }

  #pick<T>(values: readonly T[]): T {
    return values[this.#random.below(values.length)] as T
  }

  #step(): void {
    const picked = this.broker.findVHost(this.#pick(['/', 'other', 'further']))
    const vhost = picked ?? this.broker.getVHost('/')
    const [exchange, source] = [this.#pick(['x', 'y', 'z']), this.#pick(['x', 'y', 'amq.topic'])]
    const queue = this.#pick(['q', 'r', 's', 't'])
    const args = this.#pick([emptyTable, someArguments])
    const isRare = this.#random.below(3) === 0
    const changes = ((): Changes => {
      switch (this.#random.below(10)) {
        case 0: {
          const [durable, autoDelete] = [this.#random.below(3) > 0, isRare]
          const asked = { durable, autoDelete, internal: false, arguments: emptyTable }
          return vhost.declareExchange({ ...asked, name: exchange, type: 'topic' })
        }
        case 1:
          return isRare ? vhost.deleteExchange(exchange, { ifUnused: false }) : []
        case 2:
          return vhost.bindQueue(queue, source, this.#pick(['', 'k']), args)
        case 3:
          return vhost.bindExchange(exchange, source, 'k', args)
        case 4:
          return isRare ? vhost.unbindQueue(queue, source, 'k', args) : []
        case 5: {
          const found = [...vhost.queues()].find(({ name }) => name === queue)
          if (found !== undefined && isRare) this.broker.deleteQueue(found)
          return []
        }
        case 6: {
          this.#changePolicy(vhost)
          return []
        }
        case 7:
          return this.#changeAccess(vhost.name)
        case 8:
          this.#changeVHost(isRare)
          return []
        default:
          this.#declareQueue(vhost, queue, isRare)
          return []
      }
    })()
    this.broker.topology.write(changes)
  }

  #changeVHost(isRare: boolean): void {
    const name = this.#pick(['other', 'further'])
    const found = this.broker.findVHost(name)
    if (!isRare) this.broker.putVHost(name, { description: this.#pick(['a', 'b']) })
    else if (found !== undefined && name !== 'other') deleteVHost(this.broker, found)
  }

  #declareQueue(vhost: VHost<Destination>, name: string, isRare: boolean): void {
    const kind = this.#pick(['work', 'work', 'transient', 'exclusive', 'stream'])
    declareQueue(this.broker, vhost, {
      name,
      durable: kind !== 'transient',
      exclusive: kind === 'exclusive',
      autoDelete: kind === 'work' && isRare,
      arguments: kind === 'stream' ? stream : emptyTable,
      connection: this,
    })
  }

  #changeAccess(vhost: string): Changes {
    const user = this.#pick(['u', 'w'])
    const hashed = hashPassword(Buffer.from(user), this.#random)
    const change = this.#pick<AccessChange>([
      { kind: 'user', op: 'put', row: { name: user, tags: [], ...hashed } },
      { kind: 'user', op: 'delete', name: user },
      { kind: 'permission', op: 'put', row: { user, vhost, configure: '', write: '', read: '' } },
      { kind: 'permission', op: 'delete', user, vhost },
      {
        kind: 'topic-permission',
        op: 'put',
        row: { user, vhost, exchange: 'x', write: '', read: '' },
      },
    ])
    this.broker.access.apply(change)
    return [change]
  }

  #changePolicy(vhost: VHost<Destination>): void {
    const [name, isOperator] = [this.#pick(['p', 'q']), this.#random.below(2) === 0]
    const keeper = this.broker.policiesOf(vhost)
    if (this.#random.below(3) === 0) {
      void keeper.delete(isOperator, name)
      return
    }
    const definition = { 'max-length': this.#random.below(9) }
    const asked = { vhost: vhost.name, name, isOperator, pattern: '^q', definition }
    const { policy } = checkPolicy({ ...asked, priority: this.#random.below(3) })
    assert.ok(policy)
    void keeper.set(policy).done
  }
}

function digestOf(entries: readonly TopologyEntry[]): Promise<string> {
  return runAtOnce(digestTopology(foldTopology(entries)))
}

test('the description of all says what all entries add up to', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const declarer = new Declarer(seededRandom(seed))
    declarer.work(150)
    const described = Array.from(declarer.broker.topologyEntries(), (bytes) => ({
      sequence: 1,
      bytes,
    }))
    assert.equal(await digestOf(described), await digestOf(declarer.entries), `seed ${seed}`)
  }
})

test('a description made while others declare and delete is mended by their entries', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seededRandom(seed)
    const declarer = new Declarer(random)
    declarer.work(random.below(150))
    const before = declarer.entries.length
    const described: TopologyEntry[] = []
    for (const change of describeTopology(
      declarer.broker.vhosts,
      [],
      declarer.broker.access.changes(),
    )) {
      described.push({ sequence: before, bytes: encodeTopologyChanges([change]) })
      declarer.work(random.below(4))
    }
    declarer.work(random.below(20))
    const mended = [...described, ...declarer.entries.slice(before)]
    assert.equal(await digestOf(mended), await digestOf(declarer.entries), `seed ${seed}`)
  }
})
