import { otherPortsOff } from '../../src/cli/other-ports-off.ts'

/** Flags of a broker that only AMQP clients reach, on a port that the system chooses; others may be added behind. */
export const amqpOnly: readonly string[] = [
  ...'--amqp-port 0 --http-port off --kafka-port off'.split(' '),
  ...otherPortsOff,
]
