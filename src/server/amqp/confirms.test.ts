import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { framesOf, SocketDouble } from '../../../test/support/socket-double.ts'
import { BASIC_ACK } from '../../codec/amqp/methods.gen.ts'
import type { Ticket } from '../../log/ticket.ts'
import { Output } from '../output.ts'
import { Confirms } from './confirms.ts'

class TicketDouble implements Ticket {
  isDurable = false

  whenDurable(): void {}
}

class Channel {
  readonly confirms: Confirms = new Confirms()
  readonly #socket = new SocketDouble()
  readonly #output = new Output(this.#socket.asSocket())

  /** The tags of the acks that are written now; all of them confirm many. */
  write(): number[] {
    this.confirms.write(this.#output, 1)
    this.#output.flush()
    return framesOf(this.#socket.take()).map(({ method }) => {
      assert.ok(method?.id === BASIC_ACK)
      assert.equal(method.multiple, true)
      return method.deliveryTag
    })
  }
}

test('publishes of one ticket are confirmed with one ack, once it is durable', () => {
  const channel = new Channel()
  const ticket = new TicketDouble()
  assert.deepEqual(
    [0, 1, 2].map(() => channel.confirms.track(ticket)),
    [true, false, false],
  )
  assert.deepEqual(channel.write(), [])
  ticket.isDurable = true
  assert.deepEqual(channel.write(), [3])
  assert.deepEqual(channel.write(), [])
})

test('a publish that needs no ticket waits for those before it', () => {
  const channel = new Channel()
  const ticket = new TicketDouble()
  channel.confirms.track(ticket)
  assert.equal(channel.confirms.track(undefined), false)
  assert.deepEqual(channel.write(), [])
  ticket.isDurable = true
  assert.deepEqual(channel.write(), [2])
})

test('every publish is confirmed once, and not before it and all before it are durable', () => {
  const publishes = fc.array(fc.nat(5), { maxLength: 30, size: 'max' })
  fc.assert(
    fc.property(publishes, fc.array(fc.nat(3)), (steps, pauses) => {
      const channel = new Channel()
      const tickets = [new TicketDouble()]
      const ticketOfTag: (TicketDouble | undefined)[] = []
      for (const step of steps) {
        // 0 starts another ticket, 5 is a publish that needs none.
        if (step === 0) tickets.push(new TicketDouble())
        const ticket = step === 5 ? undefined : tickets.at(-1)
        channel.confirms.track(ticket)
        ticketOfTag.push(ticket)
      }
      let confirmed = 0
      const check = (): void => {
        const acked = channel.write()
        assert.ok(acked.length <= 1)
        const first = ticketOfTag.findIndex((ticket) => ticket?.isDurable === false)
        const due = first < 0 ? ticketOfTag.length : first
        if (due > confirmed) assert.deepEqual(acked, [due])
        else assert.deepEqual(acked, [])
        confirmed = due
      }
      check()
      for (const pause of pauses) {
        for (const ticket of tickets.splice(0, pause)) ticket.isDurable = true
        check()
      }
      for (const ticket of tickets) ticket.isDurable = true
      check()
      assert.equal(confirmed, steps.length)
    }),
  )
})
