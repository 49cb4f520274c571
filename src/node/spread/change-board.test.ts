// What a cell is told that asks for changes: those since its version, or everything.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../lib/clock.ts'
import { clusterHttpLimits } from '../../limits/cluster.ts'
import { ChangeBoard } from './change-board.ts'

const { signal } = new AbortController()

test('a cell is told the last change of each thing since its version', async () => {
  const board = new ChangeBoard<string>(1, systemClock)
  board.note('a', 'a1')
  board.note('b', 'b1')
  board.note('a', 'a2')
  const all = await board.follow({ since: 0, homeEpoch: 1 }, signal)
  assert.deepEqual(all, { version: { version: 3, homeEpoch: 1 }, changed: ['b1', 'a2'] })
  const { changed } = await board.follow({ since: 2, homeEpoch: 1 }, signal)
  assert.deepEqual(changed, ['a2'])
})

test('a cell is told everything that followed another owner, or has missed more than is kept', async () => {
  const board = new ChangeBoard<number>(2, systemClock)
  const isWhole = async (since: number, homeEpoch: number): Promise<boolean> => {
    return (await board.follow({ since, homeEpoch }, signal)).changed === undefined
  }
  board.note('first', 1)
  assert.equal(await isWhole(-1, -1), true)
  assert.equal(await isWhole(0, 1), true)
  for (let index = 0; index < clusterHttpLimits.topicChangesMax; index++) board.note(`${index}`, 1)
  assert.equal(await isWhole(0, 2), true)
  assert.equal(await isWhole(1, 2), false)
})
