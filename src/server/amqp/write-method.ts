import {
  type AmqpMethod,
  methodFrameSizeMax,
  writeMethodFrame,
} from '../../codec/amqp/methods.gen.ts'
import type { Output } from '../output.ts'

/** Writes the frame of a method. */
export function writeMethod(output: Output, channel: number, method: AmqpMethod): void {
  const start = output.reserve(methodFrameSizeMax(method))
  const end = writeMethodFrame(output.buffer, start, channel, method)
  output.answeredSize += end - start
  output.advance(end)
}
