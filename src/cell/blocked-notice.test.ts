import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../lib/logger.ts'
import { BlockedNotice } from './blocked-notice.ts'

test('why publishers wait is said once for all cells, and again when it comes back', () => {
  const lines: string[] = []
  const say = (...line: readonly unknown[]): void => void lines.push(line.at(-1) as string)
  const notice = new BlockedNotice({ ...silentLogger, warn: say, info: say })
  const [one, two, three] = [notice.open(), notice.open(), notice.open()]
  const full = "Publishers are blocked: low on disk; PostgreSQL's disk is full, make room there"
  one.tell('low on disk', 'postgres')
  two.tell('low on disk', 'postgres')
  one.tell(undefined, undefined)
  one.tell('low on disk', 'postgres')
  assert.deepEqual(lines.splice(0), [full])
  three.tell('low on disk', 'rows')
  assert.match(lines.splice(0).join(), /^Publishers .* too much waits for the store of objects/)
  for (const each of [one, two, three]) each.tell(undefined, undefined)
  assert.deepEqual(lines.splice(0), ['Publishers are no longer blocked'])
  two.tell('low on disk', 'postgres')
  assert.deepEqual(lines.splice(0), [full])
  // Its cell has gone to another node.
  two[Symbol.dispose]()
  one.tell('low on disk', 'postgres')
  assert.deepEqual(lines, [full])
})
