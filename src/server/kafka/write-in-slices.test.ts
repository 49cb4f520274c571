import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WireWriter } from '../../codec/kafka/wire-writer.ts'
import type { RequestContext } from './request-context.ts'
import { ItemWriter, writeAll } from './write-in-slices.ts'

const itemSize = 1000

function writerFor(client: { readonly isClosed: boolean; changeUnfinished(size: number): void }): {
  readonly writer: ItemWriter<string>
  readonly noted: object[]
} {
  const noted: object[] = []
  const answerRoom = {
    note: (answer: object) => noted.push(answer),
    forget: () => (noted.length = 0),
    mayGrow: () => true,
  }
  const context = { apiVersion: 0, client, answerRoom } as unknown as RequestContext
  const write = (wire: WireWriter, item: string): void => wire.string(item)
  return { writer: new ItemWriter('metadata', context, write), noted }
}

function* many(): Generator<string, void> {
  for (let count = 0; count < 1000; count++) yield 'x'.repeat(itemSize)
}

test('what is written counts with its connection until it is finished', () => {
  let size = 0
  let most = 0
  const { writer, noted } = writerFor({
    isClosed: false,
    changeUnfinished(change) {
      size += change
      most = Math.max(most, size)
    },
  })
  const steps = writeAll(writer, many())
  while (steps.next().done !== true);
  assert.ok(most > 900 * itemSize, `${most}`)
  assert.deepEqual([size, noted], [0, []])
})

test('nothing more is written for a client that has gone', () => {
  let size = 0
  const client = { isClosed: false, changeUnfinished: (change: number) => void (size += change) }
  const { writer, noted } = writerFor(client)
  const steps = writeAll(writer, many())
  for (let count = 0; count < 200; count++) steps.next()
  assert.ok(size > 0)
  client.isClosed = true
  assert.throws(() => {
    while (steps.next().done !== true);
  }, /the client has gone/)
  assert.deepEqual([size, noted], [0, []])
})
