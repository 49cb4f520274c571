// What commands for a running broker have in common: each is a file that adds itself to the command line.
import type { Command } from 'commander'
import type { ExitCode } from '../lib/exit-error.ts'
import type { BrokerClient } from './broker-client.ts'

/** Does what was asked for and resolves with how the program ends. Rejects with an `ExitError`. */
export type AskBroker = (broker: BrokerClient, print: (line: string) => void) => Promise<ExitCode>

export interface RemoteCommand {
  readonly summary: string
  /** Looks at operands and flags, throws an `ExitError` for wrong ones, and says what to ask. */
  readonly ask: (
    operands: string[],
    flags: Readonly<Record<string, string | boolean | undefined>>,
  ) => AskBroker
}

/** Adds a command below `parent`; `usage` names it and its operands. */
export type DefineRemote = (parent: Command, usage: string, command: RemoteCommand) => Command
