// What the demo's thread and the node say to each other.
import type { DemoPicture } from './demo-picture.ts'

/** Where the thread's clients connect, and as whom. */
export interface DemoPlace {
  readonly amqp: DemoAddress
  /** Undefined where nobody listens for Kafka: then nobody reads. */
  readonly kafka: DemoAddress | undefined
  readonly user: string
  readonly password: string
}

export interface DemoAddress {
  readonly host: string
  readonly port: number
}

export type DemoNews =
  /** Orders come in from now on. */
  | { readonly kind: 'open'; readonly picture: DemoPicture }
  | { readonly kind: 'picture'; readonly picture: DemoPicture }
  /** It cannot go on. */
  | { readonly kind: 'failed'; readonly reason: string }
  /** All of its clients have said goodbye. */
  | { readonly kind: 'closed' }
