import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MqttBook } from './mqtt-book.ts'

function bookOf(
  qos: 1 | 2,
  received: readonly number[],
  { sent, answered }: Record<'sent' | 'answered', number>,
): MqttBook {
  const book = new MqttBook()
  const topic = book.topics.find((each) => each.qos === qos)
  assert.ok(topic)
  Object.assign(topic, { sent, answered })
  for (const number of received) book.onMessage(topic.name, String(number))
  return book
}

test('the book finds what is missing, out of order, invented, and of QoS 2 twice', () => {
  const some = { sent: 4, answered: 3 }
  assert.deepEqual(bookOf(1, [0, 1, 2], some).judge(), [])
  assert.deepEqual(bookOf(1, [0, 1, 1, 0, 2, 3], some).judge(), [])
  assert.match(bookOf(1, [0, 1], some).judge().join(), /2 came of 3 answered/)
  assert.match(bookOf(1, [0, 2, 1], some).judge().join(), /not in order/)
  assert.match(bookOf(1, [0, 1, 2, 3, 4], some).judge().join(), /4 were never sent/)
  assert.deepEqual(bookOf(2, [0, 1, 2, 3], some).judge(), [])
  assert.match(bookOf(2, [0, 1, 1, 2], some).judge().join(), /1 of QoS 2 came twice/)
})

test('the book finds wills that were not sent, and retained messages that are not the last', () => {
  const book = bookOf(1, [], { sent: 0, answered: 0 })
  book.wills.push('will-1')
  assert.deepEqual([book.isComplete, book.judge()], [false, ['will-1 was not sent']])
  book.onMessage('crash/will', 'will-1')
  assert.deepEqual([book.isComplete, book.judge()], [true, []])
  const topic = { name: 'r', qos: 1, isRetained: true, sent: 4, answered: 3 } as const
  assert.deepEqual(book.judgeRetained(topic, '2'), [])
  assert.deepEqual(book.judgeRetained(topic, '3'), [])
  assert.match(book.judgeRetained(topic, '1').join(), /retains 1/)
  assert.match(book.judgeRetained(topic, undefined).join(), /nothing retained/)
})
