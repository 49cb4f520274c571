// What MQTT clients sent, were told and received, and what of it must be so whenever the broker is killed.

/** A topic that one client publishes numbers to, one after the other, each when the one before is answered. */
export interface NumberedTopic {
  readonly name: string
  readonly qos: 1 | 2
  readonly isRetained: boolean
  /** Numbers below have been sent. */
  sent: number
  /** Numbers below have been answered: PUBACK or PUBCOMP. */
  answered: number
}

export class MqttBook {
  readonly topics: readonly NumberedTopic[] = [1, 2].flatMap((qos) =>
    ['a', 'b', 'retained'].map((name) => ({
      name: `crash/${qos}/${name}`,
      qos: qos as 1 | 2,
      isRetained: name === 'retained',
      sent: 0,
      answered: 0,
    })),
  )
  readonly #received = new Map<string, string[]>()
  /** Of clients that were connected when the broker was killed. */
  readonly wills: string[] = []

  onMessage(topic: string, payload: string): void {
    const list = this.#received.get(topic)
    if (list === undefined) this.#received.set(topic, [payload])
    else list.push(payload)
  }

  received(topic: string): readonly string[] {
    return this.#received.get(topic) ?? []
  }

  /** Whether all that was answered has come, and all wills. */
  get isComplete(): boolean {
    const wills = this.received('crash/will')
    return (
      this.wills.every((will) => wills.includes(will)) &&
      this.topics.every(({ name, answered }) => {
        const numbers = this.received(name)
        return answered === 0 || numbers.includes(String(answered - 1))
      })
    )
  }

  get counts(): { readonly answered: number; readonly received: number } {
    const answered = this.topics.reduce((sum, topic) => sum + topic.answered, 0)
    const lists = [...this.#received.values()]
    return { answered, received: lists.reduce((sum, list) => sum + list.length, 0) }
  }

  /** What is wrong, in sentences. */
  judge(): string[] {
    return [
      ...this.topics.flatMap((topic) => this.#judgeTopic(topic)),
      ...this.wills
        .filter((will) => !this.received('crash/will').includes(will))
        .map((will) => `${will} was not sent`),
    ]
  }

  /** `value`: what a new subscriber got of a retained topic. */
  judgeRetained({ name, sent, answered }: NumberedTopic, value: string | undefined): string[] {
    const number = Number(value)
    if (value === undefined) return answered === 0 ? [] : [`${name} has nothing retained`]
    const isRight = Number.isInteger(number) && number >= answered - 1 && number < sent
    return isRight ? [] : [`${name} retains ${value} of ${answered} answered and ${sent} sent`]
  }

  #judgeTopic({ name, qos, sent, answered }: NumberedTopic): string[] {
    const numbers = this.received(name).map(Number)
    const first = [...new Set(numbers)]
    const wrong: string[] = []
    const invented = first.filter((number) => !(number >= 0 && number < sent))
    if (invented.length > 0) wrong.push(`${name}: ${invented.join()} were never sent`)
    if (first.some((number, at) => number !== at))
      wrong.push(`${name}: first deliveries are not in order, or one is missing: ${first.join()}`)
    if (first.length < answered) wrong.push(`${name}: ${first.length} came of ${answered} answered`)
    if (qos === 2 && first.length < numbers.length)
      wrong.push(`${name}: ${numbers.length - first.length} of QoS 2 came twice`)
    return wrong
  }
}
