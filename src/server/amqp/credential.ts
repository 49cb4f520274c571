// What a connection logged in with, while it is open: a token expires, and its client may send another before
// (connection.update-secret, RabbitMQ's extension). Everything else that clients log in with holds for ever, and a
// new secret of theirs changes nothing, as in RabbitMQ.
import type { Principal } from '../../auth/principal.ts'
import type { Rights } from '../../auth/rights.ts'
import {
  CONNECTION_UPDATE_SECRET_OK,
  type ConnectionUpdateSecret,
} from '../../codec/amqp/methods.gen.ts'
import { Deadline } from '../../lib/deadline.ts'
import { pauseReason, type ReadGate } from '../read-gate.ts'
import type { ChannelTable } from './channel-table.ts'
import type { Channel } from './channel.ts'
import type { ConnectionSession } from './connection-session.ts'
import { makeReply, ProtocolError, type Reply } from './reply.ts'

/** The connection, as far as its login goes. */
export interface CredentialPeer extends Pick<ConnectionSession, 'context' | 'rights' | 'send'> {
  readonly remoteAddress: string
  readonly status: string
  principal: Principal | undefined
  onError(error: unknown, channel: undefined): void
  /** Ends the connection and tells the client why. */
  closeForReply(reply: Reply): void
}

interface CredentialParts {
  readonly gate: ReadGate
  readonly channels: ChannelTable
}

export class Credential {
  readonly #peer: CredentialPeer
  readonly #parts: CredentialParts
  #expiry: Deadline | undefined

  constructor(peer: CredentialPeer, parts: CredentialParts) {
    this.#peer = peer
    this.#parts = parts
  }

  /** From now on the connection ends when its token expires. */
  watch(): void {
    const { principal, context } = this.#peer
    const ms = principal && context.users.lifetimeMsOf(principal)
    if (ms === undefined) return
    this.#expiry ??= new Deadline(context.clock, () => this.#onExpired())
    this.#expiry.set(ms)
  }

  stop(): void {
    this.#expiry?.clear()
  }

  /** The client has another secret. Nothing else is read of it until that has been checked. */
  update({ newSecret }: ConnectionUpdateSecret): void {
    const { principal, context } = this.#peer
    if (principal?.token === undefined) {
      this.#peer.send(0, { id: CONNECTION_UPDATE_SECRET_OK })
      return
    }
    const { gate } = this.#parts
    gate.pause(pauseReason.secret)
    void context.users.loginByToken(Buffer.from(newSecret), principal).then((login) => {
      if (this.#peer.status !== 'running') return
      gate.resume(pauseReason.secret)
      try {
        this.#replace(principal, login.principal, login.refusal)
      } catch (error) {
        this.#peer.onError(error, undefined)
      }
    })
  }

  /** Throws ProtocolError, which ends the connection. */
  #replace(before: Principal, principal: Principal | undefined, refusal: string | undefined): void {
    const peer = this.#peer
    const { logger } = peer.context
    const facts = { remote: peer.remoteAddress, user: before.user }
    if (principal?.token === undefined || principal.user !== before.user) {
      const reason = refusal ?? `the token is of user '${principal?.user}'`
      logger.warn({ ...facts, reason }, 'A new secret was refused')
      throw new ProtocolError('not_allowed', 'New secret was refused by one of the backends')
    }
    const { rights } = peer
    const { vhost } = rights.place
    const grant = principal.token.grantIn(vhost)
    if (!grant.hasAccess) {
      const text = `access to vhost '${vhost}' refused for user '${before.user}'`
      throw new ProtocolError('not_allowed', text)
    }
    peer.principal = principal
    rights.change(grant)
    for (const channel of this.#parts.channels.all()) endUnpermitted(channel, rights)
    this.watch()
    peer.send(0, { id: CONNECTION_UPDATE_SECRET_OK })
    logger.info(facts, 'Secret updated')
  }

  #onExpired(): void {
    const { context, remoteAddress: remote, principal } = this.#peer
    context.logger.warn(
      { remote, user: principal?.user },
      'Connection closed: its credential has expired',
    )
    this.#peer.closeForReply(makeReply('connection_forced', 'credential expired'))
  }
}

/** As RabbitMQ from 4.2 on: consumers end whose queues may not be read any more. */
function endUnpermitted(channel: Channel, rights: Rights): void {
  for (const consumer of channel.consumers.values()) {
    const { queueName } = consumer
    if (queueName === undefined || rights.may('read', queueName)) continue
    consumer.cancel()
    channel.onConsumerEnded(consumer.tag)
  }
}
