// Words on edges stand where they can be read.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeSize, type Placed } from './layout.ts'
import { type EdgeWords, type PlacedWords, placeWords } from './place-words.ts'
import { wayOf } from './way.ts'

const letterWidth = 7.23
const columnX = [0, nodeSize.width + 160] as const
const rowY = nodeSize.height + 12

function placed(column: 0 | 1, row: number): Placed {
  return { x: columnX[column], y: row * rowY, column, part: 0 }
}

/** All of one column lead to all of the other. */
function between(fromCount: number, toCount: number, changed: Partial<EdgeWords> = {}) {
  const [from, to] = ([0, 1] as const).map((column) =>
    Array.from({ length: column === 0 ? fromCount : toCount }, (_, row) => placed(column, row)),
  ) as [Placed[], Placed[]]
  const words = from.flatMap((a, index) =>
    to.map((b, other): EdgeWords => {
      const key = `${index}-${other}`
      const way = wayOf(key, [a, b], new Map())
      const end = fromCount > toCount ? 'from' : 'to'
      return { key, text: `order.${key}`, way, end, isTold: true, isLooked: false, ...changed }
    }),
  )
  return { words, nodes: [...from, ...to] }
}

function boxOf({ x, y, anchor, text }: PlacedWords): readonly [number, number, number, number] {
  const width = text.length * letterWidth
  const left = anchor === 'start' ? x : anchor === 'end' ? x - width : x - width / 2
  return [left, left + width, y - 10, y + 3]
}

function expectReadable(all: readonly PlacedWords[], nodes: readonly Placed[]): void {
  const boxes = [
    ...all.map((words) => [words.text, ...boxOf(words)] as const),
    ...nodes.map(({ x, y }) => ['a node', x, x + nodeSize.width, y, y + nodeSize.height] as const),
  ]
  for (const [index, [text, left, right, top, bottom]] of boxes.entries()) {
    for (const [other, l, r, t, b] of boxes.slice(index + 1)) {
      const isOn = left < r && l < right && top < b && t < bottom
      assert.ok(!isOn || text === 'a node', `${text} stands on ${other}`)
    }
  }
}

test('words at one node stand at the other end, where edges part', () => {
  const { words, nodes } = between(8, 1)
  const all = placeWords(words, nodes)
  assert.equal(all.length, 8)
  assert.ok(all.every(({ anchor }) => anchor === 'start'))
  expectReadable(all, nodes)
})

test('words of edges that cross each other stand on none, and most have room', () => {
  const { words, nodes } = between(5, 4)
  const all = placeWords(words, nodes)
  assert.ok(all.length >= 12, `${all.length} of 20 have room`)
  expectReadable(all, nodes)
})

test('words leave room for what stands beside a node', () => {
  const { words, nodes } = between(1, 1, { end: 'from' })
  const [free] = placeWords(words, nodes)
  assert.equal(free?.x, nodeSize.width + 12)
  const [only] = placeWords(
    words,
    nodes.map((node) => ({ ...node, lettersBeside: 3 })),
  )
  assert.ok(only !== undefined && boxOf(only)[0] > nodeSize.width + 30, JSON.stringify(only))
})

test('words that are looked at come, and those that stand do not move for it', () => {
  const { words, nodes } = between(6, 6)
  const before = new Map(placeWords(words, nodes).map((each) => [each.key, each]))
  const hidden = words.find(({ key }) => !before.has(key))
  assert.ok(hidden !== undefined)
  const looked = words.map((each) => ({
    ...each,
    isLooked: each.key === hidden.key || each.key === '0-0',
  }))
  const after = placeWords(looked, nodes)
  expectReadable(after, nodes)
  assert.ok(after.some(({ key }) => key === hidden.key))
  for (const each of after) {
    if (each.key !== hidden.key) assert.deepEqual(each, before.get(each.key))
  }
})

test('all words at a node that is looked at are there, though nothing else is told', () => {
  const { words, nodes } = between(12, 2, { isTold: false })
  const looked = words.map((each) => ({ ...each, isLooked: each.key.endsWith('-1') }))
  const all = placeWords(looked, nodes)
  assert.equal(all.length, 12)
  expectReadable(all, nodes)
})

test('long words are cut to what is between columns', () => {
  const { words, nodes } = between(1, 1, { text: 'a.very.long.routing.key.of.somebody' })
  const [only] = placeWords(words, nodes)
  assert.equal(only?.text, 'a.very.long.routi…')
})
