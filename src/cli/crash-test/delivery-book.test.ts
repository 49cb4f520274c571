import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DeliveryBook } from './delivery-book.ts'

function bookOf(confirmed: number): DeliveryBook {
  const book = new DeliveryBook()
  for (let count = 0; count < confirmed; count++) book.confirm(book.publish())
  return book
}

function take(book: DeliveryBook, ...numbers: readonly number[]): void {
  for (const number of numbers) {
    book.receive(number)
    book.ack(number)
  }
}

test('what was confirmed and never came is lost', () => {
  const book = bookOf(3)
  take(book, 0, 2)
  assert.deepEqual(book.judge().lost, [1])
})

test('what came and was not acked before a kill must come again', () => {
  const book = bookOf(2)
  take(book, 0)
  book.receive(1)
  book.beginLife()
  assert.deepEqual(book.judge().lost, [1])
  take(book, 1)
  assert.deepEqual(book.judge(), {
    confirmed: 2,
    lost: [],
    doubled: 0,
    outOfOrder: 0,
    damaged: 0,
    cameAgain: 1,
  })
})

test('what was never confirmed may be lost, and may come', () => {
  const book = bookOf(1)
  const [second, third] = [book.publish(), book.publish()]
  take(book, 0, third)
  assert.deepEqual(book.judge().lost, [])
  assert.equal(book.judge().outOfOrder, 0)
  assert.equal(second, 1)
})

test('twice in one life is doubled', () => {
  const book = bookOf(2)
  take(book, 0, 1, 1)
  assert.equal(book.judge().doubled, 1)
})

test('again after a kill is doubled only when its ack was certain', () => {
  const book = bookOf(2)
  take(book, 0, 1)
  book.ackIsCertain(0)
  book.beginLife()
  take(book, 0, 1)
  const { doubled, cameAgain } = book.judge()
  assert.deepEqual({ doubled, cameAgain }, { doubled: 1, cameAgain: 1 })
})

test('an earlier one after a later one is out of order, but not after a restart', () => {
  const book = bookOf(3)
  take(book, 2, 1)
  assert.equal(book.judge().outOfOrder, 1)
  book.beginLife()
  take(book, 0)
  assert.equal(book.judge().outOfOrder, 1)
})

test('what nobody published is damaged', () => {
  const book = bookOf(1)
  book.receive(undefined)
  book.receive(1)
  assert.equal(book.judge().damaged, 2)
})

test('a book has room for more messages than it began with', () => {
  const book = bookOf(5000)
  for (let number = 0; number < 5000; number++) if (number !== 4321) take(book, number)
  assert.deepEqual(book.judge().lost, [4321])
})
