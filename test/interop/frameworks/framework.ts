// What is known of one program of test/interop/frameworks.

import type { Preparation } from '../languages.ts'
import type { Steps } from '../step-table.ts'

/** A program written with a framework, as its users write theirs, or one that users run as it is. */
export interface Framework {
  /** As in the table of docs/compatibility.md. */
  readonly name: string
  readonly language: 'Python' | 'Node' | 'Java' | 'PHP'
  /** What it speaks to the broker. */
  readonly protocol: 'amqp' | 'kafka'
  /** Version of the framework. */
  readonly version: string
  /** What the program prints for each step. */
  readonly steps: Steps
  /** Steps that the broker lacks something for, and what: they must fail until it is there. */
  readonly lacking: Readonly<Record<string, string>>
  /** In CI it takes turns with the others that are heavy. */
  readonly isHeavy: boolean
  /** Builds what it needs; arguments are the broker's address and a prefix for names. */
  prepare(): Promise<Preparation>
}
