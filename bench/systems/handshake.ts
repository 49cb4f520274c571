/**
 * Whether a broker answers in its protocol, which is more than that its port is open: the first bytes
 * of a connection that every broker must answer whoever asks.
 */
import { createConnection } from 'node:net'
import type { Protocol } from './broker-system.ts'
import { HOST } from './ports.ts'

type Greeted = Extract<Protocol, 'amqp' | 'kafka' | 'mqtt' | 'stomp'>

/**
 * AMQP 0-9-1's protocol header, answered by connection.start; an ApiVersions request, version 0; a CONNECT of
 * MQTT 3.1.1, which is answered whether it is let in or not; a CONNECT of STOMP.
 */
const greetings: Readonly<Record<Greeted, Buffer>> = {
  amqp: Buffer.from('AMQP\x00\x00\x09\x01', 'latin1'),
  kafka: Buffer.from('\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff', 'latin1'),
  mqtt: Buffer.from('\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04ping', 'latin1'),
  stomp: Buffer.from('CONNECT\naccept-version:1.2\nhost:/\n\n\x00', 'latin1'),
}

const ANSWER_MS = 5000

/** True once the broker sent any answer; false when it refused, closed or kept silent. */
export function answers(protocol: Greeted, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, HOST, () => socket.write(greetings[protocol]))
    const end = (isAnswered: boolean): void => {
      socket.destroy()
      resolve(isAnswered)
    }
    socket.setTimeout(ANSWER_MS, () => end(false))
    socket.once('data', () => end(true))
    socket.once('error', () => end(false))
    socket.once('close', () => end(false))
  })
}
