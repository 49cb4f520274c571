// What a node of a cluster says itself to a client of STOMP: an ERROR frame, in the words of the server.
import { encodeFrame } from '../../../codec/stomp/write-frame.ts'
import { stompLimits } from '../../../limits/stomp.ts'
import type { LastWords } from '../../passed-on-client.ts'
import { errorFrame, fatalAnswer } from '../stomp-error.ts'
import { StompFrameTracker } from './frame-tracker.ts'

/** For one client that is passed on. When its owner hangs up, that is its word. */
export function stompLastWords(): LastWords {
  return {
    tracker: new StompFrameTracker(),
    say: (end, reason) => (end === 'gone' ? nothing : stompEnd(reason)),
    waitMs: stompLimits.closeMsMax,
  }
}

const nothing: Buffer = Buffer.alloc(0)

/** As `StompConnection.forceToEnd` says it. */
export function stompEnd(reason: string): Buffer {
  return stompError(fatalAnswer('connection_forced', reason))
}

/** A virtual host that nobody serves now. */
export function stompDown(vhost: string): Buffer {
  return stompError({
    title: 'Bad CONNECT',
    detail: `Virtual host '${vhost}' is down`,
    isFatal: true,
  })
}

function stompError(answer: Parameters<typeof errorFrame>[0]): Buffer {
  return encodeFrame(errorFrame(answer), '1.2')
}
