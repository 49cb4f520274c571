// The addresses of a cluster on this machine: one front for each protocol.
import type { Clock } from '../../lib/clock.ts'
import { exitCodes } from '../../lib/exit-codes.ts'
import { ExitError } from '../../lib/exit-error.ts'
import type { NodePorts } from './dev-node.ts'
import { TcpFront } from './tcp-front.ts'

/** Ports that somebody asked for; of the others the usual ones, or where these are taken, free ones. */
export type WantedPorts = Readonly<Record<keyof NodePorts, number | undefined>>

const usual: NodePorts = { amqp: 5672, kafka: 9092, http: 15_672 }
const services = ['amqp', 'kafka', 'http'] as const

export class FrontPorts {
  readonly #fronts: ReadonlyMap<keyof NodePorts, TcpFront>

  private constructor(fronts: ReadonlyMap<keyof NodePorts, TcpFront>) {
    this.#fronts = fronts
  }

  /** Rejects with an `ExitError`. */
  static async open(clock: Clock, wanted: WantedPorts): Promise<FrontPorts> {
    const fronts = new Map<keyof NodePorts, TcpFront>()
    try {
      for (const service of services) {
        fronts.set(service, await openOne(clock, service, wanted[service]))
      }
    } catch (error) {
      for (const front of fronts.values()) front.close()
      throw error
    }
    return new FrontPorts(fronts)
  }

  get ports(): NodePorts {
    const of = (service: keyof NodePorts): number => this.#fronts.get(service)?.port ?? 0
    return { amqp: of('amqp'), kafka: of('kafka'), http: of('http') }
  }

  /** All connections go to this node from now on; while there is none they wait. */
  lead(ports: NodePorts | undefined): void {
    for (const [service, front] of this.#fronts) front.lead(ports?.[service])
  }

  close(): void {
    for (const front of this.#fronts.values()) front.close()
  }
}

async function openOne(
  clock: Clock,
  service: keyof NodePorts,
  wanted: number | undefined,
): Promise<TcpFront> {
  try {
    return await TcpFront.open({ clock, service, port: wanted ?? usual[service] })
  } catch (error) {
    const isTaken = error instanceof ExitError && error.exitCode === exitCodes.unavailable
    if (wanted !== undefined || !isTaken) throw error
    return await TcpFront.open({ clock, service, port: 0 })
  }
}
