// The ports of the nodes of a cluster on this machine: the usual ones for the first, the following ones for the others,
// and free ones where these are taken. They are settled before a node starts, so a node that is started again has its own.
import { createServer } from 'node:net'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import { type Bound, listenOnSamePort } from '../../lib/listen-on-same-port.ts'
import { listen } from '../../lib/listen.ts'

export interface NodePorts {
  readonly amqp: number
  readonly kafka: number
  readonly http: number
  readonly mqtt: number
  readonly stomp: number
}

/** Those of the first node that somebody asked for, 0 for free ones; of the others the usual ones. */
export type WantedPorts = Readonly<Partial<Record<keyof NodePorts, number | undefined>>>

const usual: NodePorts = { amqp: 5672, kafka: 9092, http: 15_672, mqtt: 1883, stomp: 61_613 }
const portMax = 65_535

/** As many as there are nodes. Rejects with an `ExitError` when one that was asked for is taken. */
export async function chooseNodePorts(wanted: WantedPorts, count: number): Promise<NodePorts[]> {
  const held: Bound[] = []
  try {
    const ports: NodePorts[] = []
    for (let index = 0; index < count; index++) {
      const choose = (service: keyof NodePorts): Promise<number> =>
        chooseOne({ service, wanted: wanted[service], index }, held)
      const amqp = await choose('amqp')
      const kafka = await choose('kafka')
      const http = await choose('http')
      const mqtt = await choose('mqtt')
      ports.push({ amqp, kafka, http, mqtt, stomp: await choose('stomp') })
    }
    return ports
  } finally {
    // Until now, so that no two are the same.
    for (const each of held) each.close()
  }
}

interface Wish {
  readonly service: keyof NodePorts
  readonly wanted: number | undefined
  /** Of the node. */
  readonly index: number
}

async function chooseOne({ service, wanted, index }: Wish, held: Bound[]): Promise<number> {
  const first = wanted ?? usual[service]
  const port = first === 0 || first + index > portMax ? 0 : first + index
  try {
    return await hold(service, port, held)
  } catch (error) {
    const isTaken = error instanceof ExitError && error.exitCode === exitCodes.unavailable
    const isAsked = wanted !== undefined && index === 0
    if (isAsked || !isTaken || port === 0) throw error
    return await hold(service, 0, held)
  }
}

/** On both loopbacks, as nodes listen. */
async function hold(service: string, port: number, held: Bound[]): Promise<number> {
  const bound = await listenOnSamePort({
    hosts: ['127.0.0.1', '::1'],
    port,
    listen: (host, port) => holdOne(service, host, port),
    onMissing: () => undefined,
  })
  held.push(...bound)
  return bound[0]?.address.port ?? 0
}

async function holdOne(service: string, host: string, port: number): Promise<Bound> {
  const server = createServer((client) => client.destroy())
  const address = await listen(server, { service, host, port, backlog: 1 })
  server.on('error', () => undefined)
  return { address, close: () => void server.close() }
}
