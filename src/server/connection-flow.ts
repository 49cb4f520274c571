// What goes in and out of a connection, and what that may take of the broker's memory: when it is read, what waits to be
// sent, and what it holds. The connection ends with its socket.
import type { Turn } from '../lib/turn.ts'
import type { Incoming } from './byte-source.ts'
import { HeldMemory, type HeldMemoryParts } from './held-memory.ts'
import { OutputRoom } from './output-room.ts'
import { Output } from './output.ts'
import { ReadGate } from './read-gate.ts'
import type { Sender, SendWatch } from './send-watch.ts'

export interface ConnectionFlow {
  readonly output: Output
  readonly outputRoom: OutputRoom
  readonly gate: ReadGate
  readonly held: HeldMemory
}

export interface FlowParts {
  readonly context: HeldMemoryParts['context'] & {
    readonly turn: Turn
    readonly sendWatch: SendWatch
  }
  readonly sender: Sender
  /** Handles what has come in already. */
  readonly onRead: () => void
  /** The broker needs the memory: the connection has to end. */
  readonly onMemoryNeeded: () => void
  /** There is room again for deliveries that were refused. */
  readonly onRoom: () => void
  /** The peer has ended, or the socket has: what is said now goes nowhere. */
  readonly onSocketEnded: () => void
}

export function openFlow({ socket, hold }: Incoming, parts: FlowParts): ConnectionFlow {
  const { context, sender } = parts
  const output = new Output(socket)
  const gate = new ReadGate(socket, context.turn, parts.onRead)
  const held = new HeldMemory({ context, gate, onNeeded: parts.onMemoryNeeded })
  const outputRoom = new OutputRoom({
    output,
    hold,
    gate,
    memory: context.memory,
    share: held.memory,
    onUnsent: () => context.sendWatch.watch(sender),
    onRoom: parts.onRoom,
  })
  socket.on('drain', () => outputRoom.check())
  if (hold) hold.onOpened = () => outputRoom.check()
  for (const event of ['end', 'error', 'close']) socket.on(event, parts.onSocketEnded)
  return { output, outputRoom, gate, held }
}
