// A producer that goes on over all rounds, through every crash of the broker.

import type { Random } from '../../../src/lib/random.ts'
import type { Gate } from './gate.ts'
import type { BaseOffsets, RecordLedger, Send, Session } from './record-ledger.ts'
import type { Sender } from './sender.ts'

interface Producing {
  readonly ledger: RecordLedger
  readonly session: Session
  readonly sender: Sender
  readonly gate: Gate
  readonly random: Random
  readonly isOver: () => boolean
}

/** Sends as fast as answers come, while the gate is open. */
export async function produceRecords(producing: Producing): Promise<void> {
  const { ledger, session, sender, gate, random, isOver } = producing
  const sending = new Set<Promise<void>>()
  for (;;) {
    await gate.opened
    if (isOver()) return
    const send = ledger.plan(session, random)
    const sent = record(ledger, send, sender.send(send)).finally(() => sending.delete(sent))
    sending.add(sent)
    if (sending.size >= sender.inFlightMax) await Promise.race(sending)
    if (ledger.violations.length > 0) return
  }
}

async function record(
  ledger: RecordLedger,
  send: Send,
  answer: Promise<BaseOffsets>,
): Promise<void> {
  try {
    ledger.acked(send, await answer)
  } catch (error) {
    ledger.refused(send, error)
  }
}
