// What a script is made of: calls of AMQP 0-9-1 that one client makes one after the other.

/** Arguments of declarations and headers: numbers go out as integers. */
export type Table = Readonly<Record<string, unknown>>

export interface MessageProperties {
  readonly expiration?: string
  readonly priority?: number
  readonly headers?: Table
  readonly persistent?: boolean
  /** AMQP's user-id: who says to have published it. */
  readonly userId?: string
}

export type Operation =
  | {
      readonly kind: 'declareQueue'
      readonly queue: string
      readonly durable: boolean
      readonly autoDelete: boolean
      readonly exclusive: boolean
      readonly args: Table
    }
  | { readonly kind: 'checkQueue'; readonly queue: string }
  | {
      readonly kind: 'deleteQueue'
      readonly queue: string
      readonly ifUnused: boolean
      readonly ifEmpty: boolean
    }
  | { readonly kind: 'purgeQueue'; readonly queue: string }
  | {
      readonly kind: 'declareExchange'
      readonly exchange: string
      readonly type: string
      readonly durable: boolean
      readonly autoDelete: boolean
      readonly internal: boolean
      readonly args: Table
    }
  | { readonly kind: 'checkExchange'; readonly exchange: string }
  | { readonly kind: 'deleteExchange'; readonly exchange: string; readonly ifUnused: boolean }
  | {
      readonly kind: 'bindQueue' | 'unbindQueue' | 'bindExchange' | 'unbindExchange'
      /** A queue or an exchange. */
      readonly destination: string
      readonly source: string
      readonly key: string
      readonly args: Table
    }
  | {
      readonly kind: 'publish'
      readonly exchange: string
      readonly key: string
      readonly mandatory: boolean
      readonly properties: MessageProperties
      readonly body: string
    }
  | { readonly kind: 'get'; readonly queue: string; readonly noAck: boolean }
  | {
      readonly kind: 'consume'
      readonly queue: string
      readonly tag: string
      readonly noAck: boolean
      readonly exclusive: boolean
      readonly prefetch: number
      readonly args: Table
    }
  | { readonly kind: 'cancel'; readonly tag: string }
  | {
      readonly kind: 'settle'
      readonly how: 'ack' | 'nack' | 'requeue' | 'reject' | 'rejectRequeue'
      /** Which of the deliveries that are held, from the oldest; a share of them from 0 to 1. */
      readonly place: number
      readonly multiple: boolean
    }
  | { readonly kind: 'settleUnknown'; readonly tag: number }
  | { readonly kind: 'recover' }
  | { readonly kind: 'closeChannel' }
  | {
      readonly kind: 'transaction'
      readonly steps: readonly Operation[]
      readonly end: 'commit' | 'rollback'
    }
  | { readonly kind: 'wait'; readonly ms: number }
  | AccessOperation

/** About users and rights. */
export type AccessOperation =
  /** A request to the management API, whose answer is its status. Channels are new after it. */
  | {
      readonly kind: 'administer'
      readonly method: 'PUT' | 'DELETE'
      readonly path: string
      readonly body?: Table
      /** Whose connections end by it. */
      readonly ends?: { readonly user: string } | { readonly vhost: string }
    }
  /** Closes the connection and opens one as somebody else, or somewhere else. */
  | ({ readonly kind: 'login' } & Login)
  /** A connection more, beside the one that works; and the end of all of them. */
  | ({ readonly kind: 'openSpare' } & Login)
  | { readonly kind: 'closeSpares' }
  /** Channels more, as long as the connection lives. */
  | { readonly kind: 'openChannels'; readonly count: number }

/** Who goes where. */
export interface Login {
  readonly user: string
  readonly password: string
  readonly vhost: string
}

/** For a person: what a script does, one line each. */
export function describeOperation({ kind, ...rest }: Operation): string {
  return `${kind} ${JSON.stringify(rest)}`
}
