// What a client of AMQP is told by the node that has passed it on: connection.close with 320.
import {
  CONNECTION_CLOSE,
  methodFrameSizeMax,
  writeMethodFrame,
} from '../../../codec/amqp/methods.gen.ts'
import { amqpLimits } from '../../../limits/amqp.ts'
import type { LastWords } from '../../passed-on-client.ts'
import { makeReply } from '../reply.ts'
import { FrameTracker } from './frame-tracker.ts'

/** For one client. */
export function amqpLastWords(): LastWords {
  return {
    tracker: new FrameTracker(),
    say: (_end, reason) => closeFrame(reason),
    waitMs: amqpLimits.closeMsMax,
  }
}

function closeFrame(reason: string): Buffer {
  const reply = makeReply('connection_forced', reason)
  const method = {
    id: CONNECTION_CLOSE,
    replyCode: reply.code,
    replyText: reply.text,
    classId: 0,
    methodId: 0,
  } as const
  const frame = Buffer.alloc(methodFrameSizeMax(method))
  return frame.subarray(0, writeMethodFrame(frame, 0, 0, method))
}
