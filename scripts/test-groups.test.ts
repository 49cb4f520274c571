// Which groups of tests have their turn.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { chooseGroups, type TestGroup, testGroups } from './test-groups.ts'

const root = path.dirname(import.meta.dirname)
const namesOf = (groups: readonly TestGroup[]): string[] => groups.map(({ name }) => name)

function atCommit(commit: number, changed: readonly string[] | undefined): string[] {
  return namesOf(chooseGroups({ wanted: 'turn', commit, changed }))
}

test('each group has its turn, whatever turn languages and frameworks have', () => {
  for (const low of [0, 1, 0xff_ff]) {
    const turns = testGroups.map((_, count) => atCommit(count * 0x1_00_00 + low, []))
    assert.deepEqual(turns.flat().toSorted(), namesOf(testGroups).toSorted())
  }
})

test('what a commit changes runs its group as well', () => {
  const inTurn = atCommit(0, ['docs/cluster.md', 'README.md'])
  assert.deepEqual(inTurn, ['cluster'])
  assert.deepEqual(atCommit(0, ['ui/src/app.tsx', 'README.md']), ['cluster', 'ui'])
  assert.deepEqual(atCommit(0x1_00_00, ['src/log/cluster/cell-table.ts']), ['cluster', 'ui'])
  assert.deepEqual(atCommit(0x1_00_00, ['src/cli/cluster-dev/dev-node.ts']), ['cluster', 'ui'])
})

test('all run for whoever asks for no turn, and where nobody knows what changed', () => {
  assert.deepEqual(chooseGroups({ wanted: undefined, commit: 0, changed: [] }), testGroups)
  assert.deepEqual(chooseGroups({ wanted: 'all', commit: 0, changed: [] }), testGroups)
  assert.deepEqual(atCommit(0, undefined), namesOf(testGroups))
})

test('what groups name is there', () => {
  for (const { patterns, always, sources } of testGroups) {
    for (const pattern of [...patterns, ...always, ...sources.map((source) => `${source}*`)])
      assert.notEqual(globSync(pattern, { cwd: root }).length, 0, pattern)
  }
})
