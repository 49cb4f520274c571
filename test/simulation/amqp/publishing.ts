// What a session publishes: plans become messages of the model, confirms and returns say what became of them.
import * as amqp from '../../../src/codec/amqp/methods.gen.ts'
import type { Ended } from '../ended.ts'
import type { Deed } from '../model/deed.ts'
import { bodyOf, type Message, type MessagePlan } from '../model/message.ts'
import type { Received } from './amqp-channel.ts'
import type { Session } from './session.ts'

export interface PublishOptions {
  readonly mandatory: boolean
}

interface Sent {
  readonly message: Message
  readonly mandatory: boolean
  /** How many deeds of the channel came before it. */
  readonly position: number
}

export class Publishing {
  readonly #session: Session
  /** By the number that the confirm will have. */
  readonly #unconfirmed = new Map<number, Sent>()
  readonly #returned = new Set<string>()
  #inTransaction: MessagePlan[] = []
  #allConfirmed: PromiseWithResolvers<void> | undefined
  #place = 0
  #confirmNumber = 0

  constructor(session: Session) {
    this.#session = session
  }

  /** Resolves when everything that was published is confirmed. Rejects with `Ended`. */
  async whenConfirmed(): Promise<void> {
    const { ended } = this.#session.channel
    if (ended !== undefined) throw ended
    if (this.#unconfirmed.size === 0) return
    this.#allConfirmed ??= Promise.withResolvers<void>()
    await this.#allConfirmed.promise
  }

  publish(plan: MessagePlan, { mandatory }: PublishOptions): void {
    const { channel, model, mode, log } = this.#session
    const { exchange, routingKey, id, isPersistent, priority, size } = plan
    this.#session.note(`publish ${id} to '${exchange}' ${routingKey}, ${size} bytes`)
    const method = { exchange, routingKey, mandatory, immediate: false }
    const properties = {
      messageId: id,
      deliveryMode: isPersistent ? 2 : 1,
      ...(priority !== undefined && { priority }),
    }
    if (mode === 'transaction') {
      this.#inTransaction.push(plan)
    } else {
      const position = log.position
      const deed = model.newDeed(`publish of ${id}`)
      log.add(deed, 'publish')
      const message = this.#add(plan, deed)
      if (mode === 'confirm') {
        this.#unconfirmed.set(++this.#confirmNumber, { message, mandatory, position })
      }
    }
    channel.publish({ id: amqp.BASIC_PUBLISH, ...method }, properties, bodyOf(plan))
  }

  onCommit(deed: Deed): void {
    const plans = this.#inTransaction
    this.#inTransaction = []
    const messages = plans.map((plan) => this.#add(plan, deed))
    deed.onEnded = () => {
      for (const message of messages) this.#session.model.topology.route(message)
    }
  }

  onRollback(): void {
    this.#inTransaction = []
  }

  onConfirm(deliveryTag: number, isMultiple: boolean, isAck: boolean): void {
    const { history } = this.#session.model
    this.#session.note(`confirm ${deliveryTag}${isMultiple ? ' and before' : ''}`)
    const numbers = isMultiple
      ? [...this.#unconfirmed.keys()].filter((number) => number <= deliveryTag)
      : [deliveryTag]
    for (const number of numbers) {
      const sent = this.#unconfirmed.get(number)
      if (sent === undefined) {
        throw history.fail(
          `${this.#session.name} got a confirm for ${number}, which waits for none`,
        )
      }
      this.#unconfirmed.delete(number)
      if (!isAck) throw history.fail(`${this.#session.name} got a nack for ${String(sent.message)}`)
      this.#onConfirmed(sent)
    }
    if (this.#unconfirmed.size > 0) return
    this.#allConfirmed?.resolve()
    this.#allConfirmed = undefined
  }

  onEnded(ended: Ended): void {
    this.#allConfirmed?.reject(ended)
  }

  onReturn({ method, properties, body }: Received<amqp.BasicReturn>): void {
    const { model, name } = this.#session
    const message = model.messages.get(properties.messageId ?? '')
    if (message === undefined) {
      throw model.history.fail(`${name} got back '${properties.messageId}', which it has not sent`)
    }
    this.checkContent(message, { method, properties, body })
    this.#session.note(`return of ${message.id}`)
    message.isReturned = true
    this.#returned.add(message.id)
  }

  /** A message must come out as it went in. */
  checkContent(message: Message, { method, properties, body }: Received): void {
    const { plan } = message
    const mode = plan.origin === 'amqp' ? (plan.isPersistent ? 2 : 1) : undefined
    const isSame =
      method.exchange === plan.exchange &&
      method.routingKey === plan.routingKey &&
      properties.deliveryMode === mode &&
      body.equals(bodyOf(plan))
    if (isSame) return
    const got = `${method.exchange}/${method.routingKey}, ${body.length} bytes`
    throw this.#session.model.history.fail(`${String(message)} came out as ${got}`)
  }

  #add(plan: MessagePlan, deed: Deed): Message {
    const { model, name } = this.#session
    const message = model.addMessage(plan, deed, { publisher: name, place: this.#place++ })
    deed.onEnded = () => model.topology.route(message)
    return message
  }

  #onConfirmed({ message, mandatory, position }: Sent): void {
    const { log, model } = this.#session
    message.deed.toDurable('it was confirmed')
    log.onDone(position)
    const entries = [...message.entries]
    if (message.isReturned) {
      const certain = entries.find(({ isCertain }) => isCertain === true)
      if (certain !== undefined) throw model.history.fail(`${String(certain)} was returned`)
    } else if (mandatory && entries.length === 0) {
      throw model.history.fail(`${String(message)} reaches no queue and was not returned`)
    }
    // What came before it on the channel is in its commit or an earlier one, if it was written at all.
    const isWritten = entries.some(
      ({ isCertain, queue }) => isCertain === true && queue.kind.isDurable,
    )
    if (isWritten) log.onDurable(position)
  }
}
