// DISCONNECT (STOMP 1.2 "DISCONNECT"): its receipt is the last frame, and says that everything before is done.
import type { StompSession } from './session.ts'
import type { StompFrame } from './stomp-frame.ts'

export function handleDisconnect(session: StompSession, frame: StompFrame): void {
  const { connection, publisher, receipts } = session
  connection.leave()
  publisher.intake.whenIdle(() => {
    session.acknowledge(frame, connection.lastTicket)
    receipts.whenEmpty(() => connection.endAfterFlush())
  })
}
