// A client of MQTT 5 that shows who it is by an exchange of packets (section 4.12), which is SCRAM: when it connects, and
// again whenever it likes, as the same user (section 4.12.1). Invariant: one exchange at a time, and in it the client
// speaks only when it was asked.
import type { Origin } from '../../auth/principal.ts'
import { ScramLogin, type ScramStep } from '../../auth/scram-login.ts'
import type { LoginResult } from '../../auth/users.ts'
import { encodeReasonPacket, type ReasonPacket } from '../../codec/mqtt/disconnect.ts'
import { AUTH } from '../../codec/mqtt/packet-type.ts'
import { reasonCode } from '../../codec/mqtt/reason-code.ts'
import type { Timer } from '../../lib/clock.ts'
import { mqttLimits } from '../../limits/mqtt.ts'
import type { MqttContext } from './mqtt-context.ts'
import { MqttError } from './mqtt-error.ts'

/** The connection, as far as an exchange needs it. */
export interface AuthPeer {
  readonly context: MqttContext
  send(packet: Buffer): void
  /** Before CONNACK: the client was asked, and its AUTH is read. */
  awaitAuth(): void
  /** Ends the connection without a word. */
  destroy(): void
  resume(action: () => void): void
  onError(error: unknown): void
}

export interface EnhancedAuthParts {
  readonly method: ScramLogin['mechanism']
  readonly origin: Origin
  /** Largest packet that the client takes. */
  readonly packetSizeMax: number
  /** Whom CONNECT has named, as it was said; undefined for nobody. */
  readonly nameGiven: string | undefined
  /** The same without a virtual host. */
  readonly user: string | undefined
}

/** Gets whether the client is who it says, and what it is told besides: the server's proof. */
export type OnAuthEnd = (login: LoginResult, data: Buffer) => void

interface Exchange {
  readonly login: ScramLogin
  readonly onEnd: OnAuthEnd
  /** It is the client's turn. */
  isAsked: boolean
}

const nothing: Buffer = Buffer.alloc(0)

const malformed: LoginResult = {
  principal: undefined,
  refusal: 'sent no message of SCRAM, or one for another user',
  waitMs: 0,
}

export class EnhancedAuth {
  readonly method: ScramLogin['mechanism']
  readonly #peer: AuthPeer
  readonly #parts: EnhancedAuthParts
  /** As whom the client has logged in. */
  #user: string | undefined
  #exchange: Exchange | undefined
  #deadline: Timer | undefined

  constructor(peer: AuthPeer, parts: EnhancedAuthParts) {
    this.#peer = peer
    this.#parts = parts
    this.method = parts.method
  }

  /** The exchange of a CONNECT with this Authentication Data, which need not be there. Throws MqttError. */
  connect(data: Buffer | undefined, onEnd: OnAuthEnd): void {
    this.#begin(data, onEnd)
  }

  /** The client's AUTH before CONNACK. Throws MqttError. */
  continueConnect(packet: ReasonPacket): void {
    const { authenticationMethod: method } = packet.properties
    if (method !== undefined && method !== this.method) {
      throw new MqttError(reasonCode.badAuthenticationMethod, `AUTH with method '${method}'`)
    }
    this.#continue(packet)
  }

  /** The client's AUTH after CONNACK; `onEnd` is for one that begins an exchange. Throws MqttError. */
  reauthenticate(packet: ReasonPacket, onEnd: OnAuthEnd): void {
    if (packet.code !== reasonCode.reauthenticate) {
      this.#continue(packet)
      return
    }
    this.#checkMethod(packet)
    if (this.#exchange !== undefined) throw outOfPlace('again in an exchange')
    this.#deadline = this.#peer.context.clock.after(mqttLimits.reauthenticateMsMax, () => {
      const text = 're-authentication was not completed in time'
      this.#peer.onError(new MqttError(reasonCode.notAuthorized, text))
    })
    this.#begin(packet.properties.authenticationData, onEnd)
  }

  /** Tells the client that it is who it says, and hands it the server's proof. */
  sendSuccess(data: Buffer): void {
    this.#send(reasonCode.success, data)
  }

  /** The connection ends, or its client has said goodbye. */
  stop(): void {
    this.#exchange = undefined
    this.#deadline?.stop()
  }

  #begin(data: Buffer | undefined, onEnd: OnAuthEnd): void {
    const { users } = this.#peer.context
    const { origin } = this.#parts
    const userOf = (name: string): string | undefined => this.#userOf(name)
    const login = new ScramLogin({ users, mechanism: this.method, origin, userOf })
    const exchange: Exchange = { login, onEnd, isAsked: false }
    this.#exchange = exchange
    // RFC 4422, 3: a client that has not begun is asked to.
    if (data === undefined) this.#ask(exchange, nothing)
    else this.#step(exchange, data)
  }

  #continue(packet: ReasonPacket): void {
    this.#checkMethod(packet)
    const exchange = this.#exchange
    const isInPlace =
      packet.code === reasonCode.continueAuthentication && exchange?.isAsked === true
    if (!isInPlace) throw outOfPlace(`with reason code ${packet.code}`)
    this.#step(exchange, packet.properties.authenticationData ?? nothing)
  }

  /** [MQTT-4.12.0-5] [MQTT-4.12.1-1] */
  #checkMethod({ properties }: ReasonPacket): void {
    if (properties.authenticationMethod === this.method) return
    throw outOfPlace(`without the method '${this.method}'`)
  }

  /** One who has logged in stays who it is; and SCRAM names nobody else than CONNECT. */
  #userOf(name: string): string | undefined {
    const { nameGiven, user } = this.#parts
    const expected = this.#user ?? user
    if (expected === undefined) return name
    return name === expected || name === nameGiven ? expected : undefined
  }

  #step(exchange: Exchange, data: Buffer): void {
    exchange.isAsked = false
    if (data.length > mqttLimits.authenticationDataSizeMax) {
      const text = `authentication data of ${data.length} bytes`
      throw new MqttError(reasonCode.packetTooLarge, text)
    }
    const step = exchange.login.step(data)
    if (!(step instanceof Promise)) {
      this.#onStep(exchange, step)
      return
    }
    const peer = this.#peer
    step.then(
      (found) => {
        if (this.#exchange === exchange) peer.resume(() => this.#onStep(exchange, found))
      },
      (error: unknown) => peer.onError(error),
    )
  }

  #onStep(exchange: Exchange, step: ScramStep | undefined): void {
    if (step !== undefined && step.login === undefined) {
      this.#ask(exchange, step.answer)
      return
    }
    this.#deadline?.stop()
    const { login, answer } = step ?? { login: malformed, answer: nothing }
    // One that was refused gets no other try, however long its answer waits.
    if (login?.principal !== undefined) {
      this.#user = login.principal.user
      this.#exchange = undefined
    }
    exchange.onEnd(login ?? malformed, answer)
  }

  #ask(exchange: Exchange, data: Buffer): void {
    exchange.isAsked = true
    if (this.#user === undefined) this.#peer.awaitAuth()
    this.#send(reasonCode.continueAuthentication, data)
  }

  #send(code: number, data: Buffer): void {
    const properties = {
      authenticationMethod: this.method,
      ...(data.length > 0 && { authenticationData: data }),
    }
    const packet = encodeReasonPacket({ type: AUTH, code, properties }, 5)
    // [MQTT-3.1.2-24] It cannot go on without it.
    if (packet.length > this.#parts.packetSizeMax) this.#peer.destroy()
    else this.#peer.send(packet)
  }
}

function outOfPlace(what: string): MqttError {
  return new MqttError(reasonCode.protocolError, `AUTH ${what}`)
}
