import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { openTerminalDouble } from '../../test/support/terminal-double.ts'
import { printable } from '../lib/printable.ts'
import { type OutputFormat, readFormat, type Row, showOne, showRows } from './show-rows.ts'

const shown = {
  title: 'queues',
  columns: ['name', 'ready'],
  wideColumns: ['node'],
  heads: { ready: 'waiting' },
}
const rows = [
  { name: 'a\n\u202e', ready: 5, node: 'x', more: { y: [1, 2] } },
  { name: 'b', ready: 1234, node: null },
]

async function linesOf(format: OutputFormat, given: readonly Row[] = rows): Promise<string[]> {
  const terminal = openTerminalDouble()
  await showRows({ ...shown, rows: given }, format, terminal)
  return [...terminal.printed, ...terminal.told.map((line) => `talk: ${line}`)]
}

test('a table has the columns that matter, wide some more', async () => {
  assert.deepEqual(await linesOf('table'), [
    'name       waiting',
    String.raw`a\n\u202e        5`,
    'b             1234',
  ])
  assert.equal((await linesOf('wide'))[0], 'name       waiting  node')
})

test('programs get all that there is', async () => {
  assert.deepEqual(JSON.parse((await linesOf('json'))[0] ?? ''), rows)
  assert.deepEqual(
    (await linesOf('ndjson')).map((line) => JSON.parse(line) as unknown),
    rows,
  )
  const yaml = (await linesOf('yaml')).map(printable)
  assert.equal(yaml[0], String.raw`- name: "a\n\u202e"`)
  assert.deepEqual(parse(yaml.join('\n')), rows)
  assert.deepEqual(await linesOf('name'), ['a\n\u202e', 'b'])
})

test('nothing is an empty list for programs, and a remark beside the result for people', async () => {
  assert.deepEqual(await linesOf('json', []), ['[]'])
  assert.deepEqual(await linesOf('yaml', []), ['[]'])
  assert.deepEqual(await linesOf('ndjson', []), [])
  assert.deepEqual(await linesOf('name', []), [])
  assert.deepEqual(await linesOf('table', []), ['talk: There are no queues'])
})

test('one thing stands below itself in a table, and is itself for programs', async () => {
  const terminal = openTerminalDouble()
  const [row = {}] = rows
  for (const format of ['table', 'json', 'name'] as const)
    await showOne({ ...shown, row }, format, terminal)
  assert.deepEqual(terminal.printed, [
    'name     a\n\u202e',
    'waiting  5',
    JSON.stringify(row),
    'a\n\u202e',
  ])
})

test('an unknown format names those there are', () => {
  assert.throws(() => readFormat('xml'), /use table, wide, json, ndjson, yaml or name/)
})
