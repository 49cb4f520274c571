import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkMachine } from './check-machine.ts'
import type { FolderFacts, MachineFacts } from './machine-facts.ts'

const GiB = 2 ** 30
const dayMs = 86_400_000
const limits = { memoryWatermark: 0.6, diskFreeLimit: GiB }
const folder: FolderFacts = {
  path: '/var/lib/pabal',
  isThere: true,
  isWritable: true,
  isMine: true,
  openTo: 0,
  freeBytes: 100 * GiB,
  isInMemory: false,
  disk: { p50: 1, p99: 5 },
  newest: 0,
}
const machine: MachineFacts = {
  node: '24.1.0',
  openFiles: 65_536,
  memory: 8 * GiB,
  folder,
  certificate: 100 * dayMs,
  now: 0,
}

function problemsOf(parts: Partial<MachineFacts>, given = limits): string[] {
  return checkMachine({ ...machine, ...parts }, given).flatMap(({ check, level }) =>
    level === 'ok' ? [] : [`${level} ${check}`],
  )
}

test('a machine with enough of everything has no problems', () => {
  assert.deepEqual(problemsOf({}), [])
})

const rows: readonly (readonly [string, Partial<MachineFacts>, string])[] = [
  ['an old Node', { node: '22.9.0' }, 'fail node'],
  ['few open files', { openFiles: 1024 }, 'warn open files'],
  ['little memory', { memory: GiB / 4 }, 'warn memory'],
  ['a certificate that ended', { certificate: -dayMs }, 'fail certificate'],
  ['a certificate that ends soon', { certificate: 3 * dayMs }, 'warn certificate'],
  ['no certificate in the file', { certificate: 'ENOENT' }, 'fail certificate'],
  ['a folder of another user', { folder: { ...folder, isMine: false } }, 'warn data folder'],
  ['an open folder', { folder: { ...folder, openTo: 0o005 } }, 'warn data folder'],
  ['a closed folder', { folder: { ...folder, isWritable: false } }, 'fail data folder'],
  ['a full disk', { folder: { ...folder, freeBytes: GiB - 1 } }, 'fail disk space'],
  ['a disk that is soon full', { folder: { ...folder, freeBytes: 2 * GiB } }, 'warn disk space'],
  ['a slow disk', { folder: { ...folder, disk: { p50: 9, p99: 51 } } }, 'warn disk speed'],
  ['a folder in memory', { folder: { ...folder, isInMemory: true } }, 'warn disk speed'],
  ['data from the future', { folder: { ...folder, newest: dayMs } }, 'warn clock'],
]
for (const [name, parts, problem] of rows) {
  test(`${name} is found`, () => {
    assert.deepEqual(problemsOf(parts), [problem])
  })
}

test('a watermark above what there is would never be reached', () => {
  assert.deepEqual(problemsOf({}, { ...limits, memoryWatermark: 9 * GiB }), ['fail memory'])
})
