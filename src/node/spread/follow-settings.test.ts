// Settings of the home act in other cells: what was there, what changes, what goes, and what was missed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitFor } from '../../../test/support/wait-for.ts'
import { Broker } from '../../broker/broker.ts'
import { systemClock } from '../../lib/clock.ts'
import { silentLogger } from '../../lib/logger.ts'
import { systemRandom } from '../../lib/random.ts'
import { Turn } from '../../lib/turn.ts'
import { MemoryLogStore } from '../../log/memory/memory-log-store.ts'
import { CallError } from '../calls/call-error.ts'
import { SettingsBoard } from './settings-board.ts'
import { SettingsFollower } from './settings-follower.ts'

function createBroker(): Broker {
  const turn = new Turn(systemClock)
  const store = new MemoryLogStore({ clock: systemClock, turn })
  const parts = { clock: systemClock, random: systemRandom, turn, store, vhosts: [] }
  return new Broker({ ...parts, onDamaged: (_from, _offset, error) => assert.fail(error) })
}

const alice = { user: 'alice' }

class World implements AsyncDisposable {
  readonly home: Broker = createBroker()
  readonly cell: Broker = createBroker()
  board: SettingsBoard = this.openBoard(1)
  isReached = true
  retentionLooks = 0
  readonly follower: SettingsFollower

  constructor() {
    this.cell.onRetentionChanged = () => this.retentionLooks++
    this.home.settings.put('group', 'g', { 'share.record.lock.duration.ms': '5000' })
    this.home.quotas.put(alice, { producer_byte_rate: 100 })
    this.cell.settings.put('group', 'old', { 'share.record.lock.duration.ms': '1' })
    this.cell.settings.put('parameter', 'own', { value: '1' })
    this.follower = new SettingsFollower({
      broker: this.cell,
      clock: systemClock,
      logger: silentLogger,
      ask: (args, signal) => {
        if (!this.isReached) throw new CallError('unreachable', 'it is away')
        return this.board.follow(structuredClone(args), signal)
      },
    })
  }

  openBoard(epoch: number): SettingsBoard {
    return new SettingsBoard({ settings: this.home.settings, epoch, clock: systemClock })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.board[Symbol.dispose]()
    await this.follower[Symbol.asyncDispose]()
  }
}

test('a cell has the settings of the home, and no others of these kinds', async () => {
  await using world = new World()
  const { home, cell } = world
  await waitFor('it has them', () => cell.quotas.count === 1)
  assert.equal(cell.settings.get('group', 'g')['share.record.lock.duration.ms'], '5000')
  assert.deepEqual(cell.settings.get('group', 'old'), {})
  assert.deepEqual(cell.settings.get('parameter', 'own'), { value: '1' })
  assert.deepEqual(cell.quotas.valuesOf(alice), { producer_byte_rate: 100 })
  home.settings.put('broker', '', { 'message.max.bytes': '500' })
  await waitFor('it follows', () => cell.ownSettings.get('message.max.bytes') === '500')
  assert.equal(world.retentionLooks, 1)
  home.quotas.put(alice, {})
  await waitFor('one has gone', () => cell.quotas.count === 0)
})

test('what a cell has missed, or a new owner of the home says, it has afterwards', async () => {
  await using world = new World()
  const { home, cell } = world
  await waitFor('it has them', () => cell.quotas.count === 1)
  world.isReached = false
  home.settings.put('group', 'g', {})
  world.board[Symbol.dispose]()
  world.board = world.openBoard(2)
  home.settings.put('group', 'h', { 'share.auto.offset.reset': 'earliest' })
  world.isReached = true
  await waitFor('it is told', () => Object.keys(cell.settings.get('group', 'h')).length === 1)
  assert.deepEqual(cell.settings.get('group', 'g'), {})
})
