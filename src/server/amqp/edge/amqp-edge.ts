// AMQP at a node of a cluster, whichever virtual hosts it serves: lets clients in and brings each to the server of its
// virtual host, in this process or on another node. Those it passes on are listed there and not here.
import type { Socket } from 'node:net'
import { amqpLimits } from '../../../limits/amqp.ts'
import { edgeLimits } from '../../../limits/link.ts'
import type { ByteSource } from '../../byte-source.ts'
import { PassedOnClient } from '../../passed-on-client.ts'
import { SendWatch } from '../../send-watch.ts'
import type { AmqpServer } from '../amqp-server.ts'
import { replyOrTell } from '../connection-log.ts'
import type { Handover } from '../handover.ts'
import { makeReply, type Reply } from '../reply.ts'
import { EdgeConnection, type EdgeConnectionOwner } from './edge-connection.ts'
import type { EdgeContext, EdgeParts, RouteElsewhere } from './edge-context.ts'
import { amqpLastWords } from './last-words.ts'

export class AmqpEdge implements EdgeConnectionOwner, AsyncDisposable {
  readonly #context: EdgeContext
  readonly #arriving = new Set<EdgeConnection>()
  readonly #passedOn = new Set<PassedOnClient<RouteElsewhere>>()
  readonly #stopListening: () => void
  #allClosed: PromiseWithResolvers<void> | undefined

  constructor(parts: EdgeParts) {
    const { settings, routes } = parts
    const sendWatch = new SendWatch({ ...parts, timeoutMs: settings.sendTimeoutMs })
    this.#context = { ...parts, sendWatch }
    this.#stopListening = routes.onChange(() => this.#endMoved())
  }

  /** How many clients other nodes serve for this one. */
  get passedOnCount(): number {
    return this.#passedOn.size
  }

  /** Takes over an accepted socket, or closes it when memory is nearly used up. */
  readonly accept = (socket: Socket, source: ByteSource): void => {
    if (!this.#context.admission.mayEnter) {
      socket.destroy()
      return
    }
    this.#arriving.add(new EdgeConnection({ socket, source }, this.#context, this))
  }

  /** Tells clients that come in here why they have to go, and resolves when their connections are closed. */
  async endClients(reason: string): Promise<void> {
    if (this.#arriving.size + this.#passedOn.size === 0) return
    this.#allClosed ??= Promise.withResolvers()
    const reply = makeReply('connection_forced', reason)
    for (const client of this.#arriving) client.closeForReply(reply, 0, amqpLimits.stopCloseMsMax)
    for (const client of this.#passedOn) client.close('stopping', reason, amqpLimits.stopCloseMsMax)
    await this.#allClosed.promise
    this.#allClosed = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopListening()
    await this.endClients(stopping)
  }

  onOpen(connection: EdgeConnection, vhost: string, handover: Handover): void {
    const lead = async (): Promise<void> => {
      const route = await this.#context.routes.find(vhost, handover)
      if (route.kind === 'here') adopt(connection, handover, route.server)
      else if (route.kind === 'elsewhere') this.#passOn(connection, route)
      else connection.refuse(replies[route.kind](vhost, handover.principal.user))
    }
    lead().catch((error: unknown) => {
      connection.refuse(replyOrTell(error, this.#context.logger))
    })
  }

  onClosed(connection: EdgeConnection): void {
    this.#arriving.delete(connection)
    this.#tellIfNobody()
  }

  #passOn(connection: EdgeConnection, route: RouteElsewhere): void {
    const client = connection.handOver()
    if (client === undefined) {
      route.socket.on('error', ignore)
      route.socket.destroy()
      return
    }
    const words = amqpLastWords()
    const passedOn = new PassedOnClient(client, { route, words }, this.#context, (closed) => {
      this.#passedOn.delete(closed)
      this.#tellIfNobody()
    })
    this.#passedOn.add(passedOn)
    if (this.#allClosed !== undefined)
      passedOn.close('stopping', stopping, amqpLimits.stopCloseMsMax)
  }

  /** An owner that gives a cell away tells its clients itself; one that is lost, or cut off, cannot. */
  #endMoved(): void {
    const { routes, clock } = this.#context
    const isMoved = ({ route }: PassedOnClient<RouteElsewhere>): boolean => !routes.isCurrent(route)
    const moved = [...this.#passedOn].filter(isMoved)
    if (moved.length === 0) return
    clock.after(edgeLimits.movedMsMax, () => {
      for (const client of moved) {
        if (isMoved(client)) client.close('moved', 'its virtual host has moved to another node')
      }
    })
  }

  #tellIfNobody(): void {
    if (this.#arriving.size + this.#passedOn.size === 0) this.#allClosed?.resolve()
  }
}

const stopping = "broker forced connection closure with reason 'shutdown'"

/** Why there is no way to a virtual host, in RabbitMQ's words where it has any. */
const replies = {
  'no-vhost': (vhost: string): Reply => makeReply('not_allowed', `vhost ${vhost} not found`),
  down: (vhost: string, user: string): Reply => {
    const text = `access to vhost '${vhost}' refused for user '${user}': vhost '${vhost}' is down`
    return makeReply('internal_error', text)
  },
  'no-memory': (): Reply => makeReply('resource_error', 'memory is nearly used up'),
} as const

function adopt(
  connection: EdgeConnection,
  handover: Handover,
  server: Pick<AmqpServer, 'adopt' | 'mayEnter'>,
): void {
  if (!server.mayEnter) {
    connection.refuse(replies['no-memory']())
    return
  }
  const client = connection.handOver()
  // The socket stays: it says itself who is there, and how much has come and gone.
  if (client !== undefined) {
    server.adopt(client, { ...handover, peer: connection.peer }, client.unread)
  }
}

function ignore(): void {}
