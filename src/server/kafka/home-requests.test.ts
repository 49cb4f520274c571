import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { kafkaLimits } from '../../limits/kafka.ts'
import { ByteSource, type Incoming } from '../byte-source.ts'
import { HomeRequests } from './home-requests.ts'

const question = { isQuestion: true }
const change = {}

/** A link that keeps what is written to it. */
class LinkDouble extends EventEmitter {
  readonly source = new ByteSource()
  readonly asked: string[] = []
  #isDestroyed = false

  write(bytes: Buffer): void {
    this.asked.push(bytes.subarray(4).toString())
  }

  isPaused(): boolean {
    return false
  }

  destroy(): this {
    if (!this.#isDestroyed) {
      this.#isDestroyed = true
      this.emit('close')
    }
    return this
  }

  answer(text: string): void {
    this.source.onBytes(framed(text))
  }

  asIncoming(): Incoming {
    return { socket: this as unknown as Socket, source: this.source }
  }
}

class HomeUnderTest {
  readonly links: LinkDouble[] = []
  readonly answers: (string | undefined)[] = []
  isAway = false
  readonly requests = new HomeRequests({
    home: {
      open: () => {
        if (this.isAway) return Promise.resolve(undefined)
        const link = new LinkDouble()
        this.links.push(link)
        return Promise.resolve(link.asIncoming())
      },
    },
    factsOf: () => ({}),
    isFull: () => false,
  })

  send(text: string, served: typeof question | typeof change): void {
    this.requests.send(Buffer.from(text), served, (answer) =>
      this.answers.push(answer?.subarray(4).toString()),
    )
  }

  get last(): LinkDouble {
    return this.links.at(-1)!
  }
}

function framed(text: string): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(Buffer.byteLength(text))
  return Buffer.concat([size, Buffer.from(text)])
}

/** Links are opened by promises that are settled. */
async function opened(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve()
}

test('questions are asked again of the next home, in their order, and what has begun to come is forgotten', async () => {
  const it = new HomeUnderTest()
  it.send('who', question)
  it.send('where', question)
  await opened()
  it.last.source.onBytes(framed('n1 has it').subarray(0, 6))
  it.last.destroy()
  await opened()
  assert.equal(it.links.length, 2)
  assert.deepEqual(it.last.asked, ['who', 'where'])
  it.last.answer('n2')
  it.send('what', question)
  it.last.answer('here')
  it.last.answer('that')
  assert.deepEqual(it.answers, ['n2', 'here', 'that'])
})

test('with a change among them all are told that there is no answer', async () => {
  const it = new HomeUnderTest()
  it.send('who', question)
  it.send('commit', change)
  await opened()
  it.last.destroy()
  await opened()
  assert.deepEqual([it.answers, it.links.length], [[undefined, undefined], 1])
})

test('a change that was answered does not keep questions from being asked again', async () => {
  const it = new HomeUnderTest()
  it.send('commit', change)
  it.send('who', question)
  await opened()
  it.last.answer('done')
  it.last.destroy()
  await opened()
  it.last.answer('n2')
  assert.deepEqual(it.answers, ['done', 'n2'])
})

test('a home that is not there for a while, or is lost again and again, ends that', async () => {
  const away = new HomeUnderTest()
  away.send('who', question)
  await opened()
  away.isAway = true
  away.last.destroy()
  await opened()
  assert.deepEqual(away.answers, [undefined])

  const lost = new HomeUnderTest()
  lost.send('who', question)
  for (let count = 0; count <= kafkaLimits.kafkaHomeLostMax; count++) {
    await opened()
    assert.deepEqual(lost.answers, [])
    lost.last.destroy()
  }
  await opened()
  assert.deepEqual(lost.answers, [undefined])
  assert.equal(lost.links.length, kafkaLimits.kafkaHomeLostMax + 1)
})

test('a client that waits for nothing does not notice, and its next request opens a link', async () => {
  const it = new HomeUnderTest()
  it.send('commit', change)
  await opened()
  it.last.answer('done')
  it.last.destroy()
  await opened()
  assert.equal(it.links.length, 1)
  it.send('commit', change)
  await opened()
  it.last.answer('done')
  assert.deepEqual(it.answers, ['done', 'done'])
})
