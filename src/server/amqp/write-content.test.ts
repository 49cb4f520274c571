import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SocketDouble } from '../../../test/support/socket-double.ts'
import { pagePool } from '../../lib/page-pool.ts'
import { clientLimits } from '../../limits/clients.ts'
import { logLimits } from '../../limits/log.ts'
import { RecordView } from '../../record/message/record-view.ts'
import { Output } from '../output.ts'
import { writeDelivery } from './write-content.ts'

/** A record whose body fills most of a page. */
function recordIn(page: Buffer, bodySize: number): RecordView {
  const view = new RecordView()
  view.buffer = page.fill(7)
  view.body = page
  view.bodyStart = 1000
  view.bodyEnd = 1000 + bodySize
  return view
}

for (const [bodySize, isKept] of [
  [clientLimits.copiedBodySizeMax, false],
  [clientLimits.copiedBodySizeMax + 1, true],
] as const) {
  test(`a body of ${bodySize} bytes ${isKept ? 'keeps its memory until it is sent' : 'is copied'}`, () => {
    const socket = new SocketDouble()
    const output = new Output(socket.asSocket())
    const page = pagePool.take(logLimits.runSizeMax)
    const delivery = { deliveryTag: 1, isRedelivered: false }
    const target = { output, channel: 1, frameMax: clientLimits.copiedBodySizeMax * 4 }
    writeDelivery(target, Buffer.from([1, 65]), delivery, recordIn(page, bodySize))
    output.flush()
    pagePool.release(page)
    const next = pagePool.take(logLimits.runSizeMax)
    assert.equal(next.buffer === page.buffer, !isKept)
    next.fill(0)
    const sent = socket.take()
    assert.ok(sent.includes(Buffer.alloc(bodySize, 7)))
  })
}

test('a large body has its memory to itself until it is sent, and then others get it', () => {
  const socket = new SocketDouble()
  const output = new Output(socket.asSocket())
  const bodySize = 16 * clientLimits.copiedBodySizeMax
  const body = pagePool.take(bodySize + 2000)
  const delivery = { deliveryTag: 1, isRedelivered: false }
  const target = { output, channel: 1, frameMax: clientLimits.copiedBodySizeMax * 4 }
  writeDelivery(target, Buffer.from([1, 65]), delivery, recordIn(body, bodySize))
  pagePool.release(body)
  const isTaken = (): boolean => {
    const next = pagePool.take(body.length).fill(0)
    return next.buffer === body.buffer
  }
  assert.equal(isTaken(), false)
  output.flush()
  assert.equal(isTaken(), false)
  const sent = socket.take()
  assert.equal(sent.filter((byte) => byte === 7).length, bodySize)
  assert.equal(isTaken(), true)
})
