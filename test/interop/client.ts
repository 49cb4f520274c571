// What a client of test/interop is: a program that runs the steps with one library.

import type { Preparation } from './languages.ts'

/** What a client speaks. */
export type ClientProtocol = 'kafka' | 'amqp' | 'mqtt' | 'stomp'

/** A program of a language that runs the steps with one client library. */
export interface Client {
  /** As in the heading of the table. */
  readonly name: string
  readonly language: 'Node' | 'Python' | 'Java' | 'Go' | 'Rust' | 'C'
  readonly protocol: ClientProtocol
  /** Version of the library. */
  readonly version: string
  /** Steps it has no means for, and why. */
  readonly cannot: Readonly<Record<string, string>>
  /** Builds what it needs; arguments are the broker's address and a prefix for names. */
  prepare(): Promise<Preparation>
}
