import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bringUp,
  LoggedTopology,
  newFolder,
  TopologyViewUnderTest,
} from '../../test/support/topology-view-under-test.ts'
import type { Random } from '../lib/random.ts'
import { emptyTable, FieldTable } from '../record/message/field-table.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import type { TopologyChange } from './topology-change.ts'

const names = ['a', 'b', 'c']
const args: FieldTable = FieldTable.from([['x-match', { type: 'longstr', value: 'any' }]])

function randomChange(random: Random): TopologyChange {
  const pick = (values: readonly string[]): string => values[random.below(values.length)] as string
  const vhost = pick(['/', 'v'])
  const name = pick(names)
  const common = { vhost, name, autoDelete: false, arguments: emptyTable }
  switch (random.below(14)) {
    case 0:
    case 1:
      return randomVHostOrDeletion(random, vhost, name)
    case 2:
      return { kind: 'exchange', op: 'delete', vhost, name }
    case 3:
      return { kind: 'exchange', op: 'put', row: { ...common, type: 'topic', internal: true } }
    case 4: {
      const id = random.below(5)
      const row = { ...common, type: 'classic', logId: id, cursorId: id }
      return { kind: 'queue', op: 'put', row }
    }
    case 6: {
      const isOperator = random.below(2) === 0
      if (random.below(3) === 0) return { kind: 'policy', op: 'delete', vhost, name, isOperator }
      const definition = { overflow: 'drop-head', 'max-length': random.below(9) }
      const row = { vhost, name, isOperator, pattern: '^a', priority: random.below(3), definition }
      return { kind: 'policy', op: 'put', row: { ...row, applyTo: 'queues' } }
    }
    case 7:
    case 8:
      return randomDelay(random, vhost, name)
    case 9:
      return randomAccess(random, vhost, pick)
    default: {
      const row = {
        vhost,
        source: name,
        destinationKind: random.below(2) === 0 ? ('queue' as const) : ('exchange' as const),
        destination: pick(names),
        routingKey: pick(['', 'k']),
        arguments: random.below(2) === 0 ? args : emptyTable,
      }
      return { kind: 'binding', op: random.below(4) === 0 ? 'delete' : 'put', row }
    }
  }
}

function randomVHostOrDeletion(random: Random, vhost: string, name: string): TopologyChange {
  switch (random.below(8)) {
    case 0:
    case 1:
      return { kind: 'vhost', op: 'put', row: { name: vhost } }
    case 2:
    case 3:
      return { kind: 'vhost', op: 'put', row: { name: vhost, metadata: { description: name } } }
    case 4:
      return { kind: 'vhost', op: 'delete', name: vhost }
    default:
      return { kind: 'queue', op: 'delete', vhost, name }
  }
}

function randomAccess(
  random: Random,
  vhost: string,
  pick: (values: readonly string[]) => string,
): TopologyChange {
  const [user, exchange] = [pick(['u', 'w']), pick(names)]
  const isDelete = random.below(4) === 0
  const [write, read] = [pick(['.*', '']), pick(names)]
  switch (random.below(4)) {
    case 0: {
      if (isDelete) return { kind: 'user', op: 'delete', name: user }
      const limits = random.below(2) === 0 ? undefined : { b: 1, a: random.below(3) }
      const row = { name: user, tags: [read], passwordHash: write, limits }
      const hashingAlgorithm = 'rabbit_password_hashing_sha256'
      return { kind: 'user', op: 'put', row: { ...row, hashingAlgorithm } }
    }
    case 1:
      return isDelete
        ? { kind: 'permission', op: 'delete', user, vhost }
        : { kind: 'permission', op: 'put', row: { user, vhost, configure: '', write, read } }
    case 2: {
      const row = { name: read, principal: `User:${user}`, host: '*', operation: 'read' } as const
      const isPrefix = random.below(2) === 0
      const patternType = isPrefix ? 'prefixed' : 'literal'
      const pattern = { resourceType: 'topic', patternType } as const
      const op = isDelete ? 'delete' : 'put'
      return {
        kind: 'acl',
        op,
        row: { ...row, ...pattern, permission: read === '' ? 'deny' : 'allow' },
      }
    }
    default:
      return isDelete
        ? { kind: 'topic-permission', op: 'delete', user, vhost, exchange }
        : { kind: 'topic-permission', op: 'put', row: { user, vhost, exchange, write, read } }
  }
}

function randomDelay(random: Random, vhost: string, exchange: string): TopologyChange {
  const logId = 10 + random.below(6)
  const row = { vhost, exchange, bucketClass: 1, logId, cursorId: random.below(3) }
  return { kind: 'delay', op: random.below(3) === 0 ? 'delete' : 'put', row }
}

test('entries add up to the same in memory and in the tables of the view', async (t) => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = seededRandom(seed)
    const folder = newFolder(t)
    const log = new LoggedTopology()
    {
      await using opened = await TopologyViewUnderTest.follow(folder, log)
      for (let number = 0; number < 60; number++) {
        const changes = Array.from({ length: 1 + random.below(3) }, () => randomChange(random))
        const { sequence, bytes } = log.put(...changes)
        opened.view.apply(sequence, bytes)
      }
    }
    // The start compares both.
    assert.equal(await bringUp(folder, log), undefined, `seed ${seed}`)
  }
})
