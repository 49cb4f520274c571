import { createConnection, createServer, type AddressInfo } from 'node:net'
import type { RunningBroker } from './broker-system.ts'

export const HOST = '127.0.0.1'

const noTls = 'this scenario does not speak TLS'

/** Ports nobody listens on, all different. */
export async function freePorts<Count extends 2 | 3>(
  count: Count,
): Promise<Count extends 2 ? [number, number] : [number, number, number]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
    ports.push((server.address() as AddressInfo).port)
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve))
  return ports as Awaited<ReturnType<typeof freePorts<Count>>>
}

/** Whether somebody listens there. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, HOST)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** How the load programs reach a broker: their options. */
type Address = { readonly port: number; readonly 'tls-ca'?: string }

/** The broker's AMQP address for the load programs, over TLS where the system is about that. */
export function amqpAddressOf(broker: RunningBroker): Address {
  const { tls } = broker
  return tls === undefined ? { port: amqpPortOf(broker) } : { port: tls.amqpPort, 'tls-ca': tls.ca }
}

/** The same for Kafka's protocol. */
export function kafkaAddressOf(broker: RunningBroker): Address {
  const { tls } = broker
  return tls === undefined
    ? { port: kafkaPortOf(broker) }
    : { port: tls.kafkaPort, 'tls-ca': tls.ca }
}

/** The broker's AMQP port; the runner starts no scenario on a system without it. */
export function amqpPortOf({ amqpPort, tls }: RunningBroker): number {
  if (tls !== undefined) throw new Error(noTls)
  if (amqpPort === undefined) throw new Error('this broker listens on no AMQP port')
  return amqpPort
}

/** The broker's Kafka port; the runner starts no scenario on a system without it. */
export function kafkaPortOf({ kafkaPort, tls }: RunningBroker): number {
  if (tls !== undefined) throw new Error(noTls)
  if (kafkaPort === undefined) throw new Error('this broker listens on no Kafka port')
  return kafkaPort
}
