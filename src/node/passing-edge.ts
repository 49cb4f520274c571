// Clients of a protocol that wait at a node of a cluster for the owner of their cell, and those that are passed on to it.
import type { Socket } from 'node:net'
import type { MemoryAccount } from '../broker/memory-account.ts'
import type { Clock } from '../lib/clock.ts'
import { edgeLimits } from '../limits/link.ts'
import type { LinkProtocol } from '../server/node-link/preface.ts'
import { type LastWords, PassedOnClient, type Released } from '../server/passed-on-client.ts'
import { SendWatch } from '../server/send-watch.ts'
import type { LinkedRoute, OwnerRoute, OwnerRoutes } from './owner-routes.ts'
import type { ServedCell } from './served-cells.ts'

export interface PassingEdgeParts {
  readonly protocol: Exclude<LinkProtocol, 'http'>
  readonly clock: Clock
  readonly memory: MemoryAccount
  readonly owners: Pick<OwnerRoutes, 'passedOn' | 'find' | 'isCurrent' | 'onChange'>
  /** A peer that takes nothing of what it is sent for so long is ended. */
  readonly sendTimeoutMs: number
  /** How long clients have when this node ends them. */
  readonly endMsMax: number
}

/** Why there is no way to a cell. */
export type NoWay = Exclude<OwnerRoute['kind'], 'here' | 'elsewhere'>

/** A client whose cell is known. */
export interface WaitingClient {
  /** What it is known by as long as it waits. */
  readonly socket: Socket
  /** What another node is told of it. */
  readonly facts: object
  /** Of its cell, as far as that is known by now. */
  numberOf(): number | undefined
  /** Its cell is served here. */
  adopt(served: ServedCell): void
  /** Another node goes on with it. Undefined when it is gone. */
  handOver(): Released | undefined
  /** What it is told when the other node cannot any more. */
  words(): LastWords
  refuse(why: NoWay): void
  /** This node stops. */
  end(reason: string): void
}

type PassedOn = PassedOnClient<LinkedRoute>

export class PassingEdge implements AsyncDisposable {
  readonly #parts: PassingEdgeParts
  readonly #sendWatch: SendWatch
  readonly #waiting = new Map<Socket, WaitingClient>()
  readonly #passedOn = new Set<PassedOn>()
  readonly #stopListening: () => void
  #allEnded: PromiseWithResolvers<void> | undefined
  #isStopping = false

  constructor(parts: PassingEdgeParts) {
    const { clock, memory, owners, protocol, sendTimeoutMs } = parts
    this.#parts = parts
    this.#sendWatch = new SendWatch({ clock, memory, timeoutMs: sendTimeoutMs })
    this.#stopListening = owners.onChange(() => this.#endMoved())
    owners.passedOn.set(protocol, () => this.#passedOn.size)
  }

  /** Finds the owner of the client's cell and brings it there. */
  async lead(client: WaitingClient): Promise<void> {
    const { owners, protocol } = this.#parts
    this.#waiting.set(client.socket, client)
    const route = await owners.find(() => client.numberOf(), { protocol, facts: client.facts })
    if (route.kind === 'elsewhere') this.#passOn(client, route)
    else if (route.kind === 'here') client.adopt(route.served)
    else client.refuse(route.kind)
    this.forget(client.socket)
  }

  /** It waits no more: it is gone. */
  forget(socket: Socket): void {
    this.#waiting.delete(socket)
    this.#tellIfNobody()
  }

  /** Tells those who have come in here and are not served here why they have to go; resolves when they are gone. */
  async endClients(reason: string): Promise<void> {
    if (this.#waiting.size + this.#passedOn.size === 0) return
    this.#allEnded ??= Promise.withResolvers()
    this.#isStopping = true
    for (const client of this.#waiting.values()) client.end(reason)
    for (const client of this.#passedOn) client.close('stopping', reason, this.#parts.endMsMax)
    await this.#allEnded.promise
    this.#allEnded = undefined
    this.#isStopping = false
  }

  /** Ends those that other nodes serve; who waits for an owner goes on waiting. */
  endPassedOn(reason: string): void {
    for (const client of this.#passedOn) client.close('stopping', reason, this.#parts.endMsMax)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening()
    await this.endClients('the node stops')
  }

  #passOn(client: WaitingClient, route: LinkedRoute): void {
    const released = client.handOver()
    if (released === undefined) {
      route.socket.on('error', ignore)
      route.socket.destroy()
      return
    }
    const words = client.words()
    const parts = { ...this.#parts, sendWatch: this.#sendWatch }
    const passedOn: PassedOn = new PassedOnClient(released, { route, words }, parts, (closed) => {
      this.#passedOn.delete(closed)
      this.#tellIfNobody()
    })
    this.#passedOn.add(passedOn)
    if (this.#isStopping) passedOn.close('stopping', 'the node stops', this.#parts.endMsMax)
  }

  /** An owner that gives a cell away tells its clients itself; one that is lost, or cut off, cannot. */
  #endMoved(): void {
    const { owners, clock, endMsMax } = this.#parts
    const isMoved = ({ route }: PassedOn): boolean => !owners.isCurrent(route)
    const moved = [...this.#passedOn].filter(isMoved)
    if (moved.length === 0) return
    clock.after(edgeLimits.movedMsMax, () => {
      for (const client of moved) {
        if (!isMoved(client)) continue
        client.close('moved', 'its virtual host has moved to another node', endMsMax)
      }
    })
  }

  #tellIfNobody(): void {
    if (this.#waiting.size + this.#passedOn.size === 0) this.#allEnded?.resolve()
  }
}

function ignore(): void {}
