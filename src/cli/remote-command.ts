// What command files are made of: each adds operands, options and words to one row of the command table.
import type { Command } from 'commander'
import type { ExitCode } from '../lib/exit-error.ts'
import type { SettingKey } from '../settings/settings.ts'
import type { BrokerClient } from './broker-client.ts'
import type { BrokerFlags } from './broker-place.ts'
import type { Terminal } from './terminal.ts'

/** Does what was asked for and resolves with how the program ends. Rejects with an `ExitError`. */
export type AskBroker = (
  broker: BrokerClient,
  terminal: Terminal,
  session: Session,
) => Promise<ExitCode>

export type CommandFlags = Readonly<
  Record<string, string | boolean | readonly string[] | undefined>
>

export interface RemoteCommand {
  readonly summary?: string
  /** Looks at operands and flags, throws an `ExitError` for wrong ones, and says what to ask. */
  readonly ask: (operands: string[], flags: CommandFlags) => AskBroker
}

/**
 * Adds a command that asks a running broker; `usage` is its word and its operands: `show <NAME>`. Without a
 * word (`<NAME>`, or nothing) it is `parent` itself. It gets the options that say which broker is meant.
 */
export type DefineRemote = (parent: Command, usage: string, command: RemoteCommand) => Command

/** What a command finds where it runs. */
export interface Session {
  readonly terminal: Terminal
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Settings of the command line, of which only the command's own can be given. */
  readonly flags: ReadonlyMap<SettingKey, string>
  readonly configFile: string | undefined
  /** Which broker was named on the command line. */
  readonly broker: BrokerFlags
}

export type Action = (session: Session) => Promise<ExitCode>

export interface LocalCommand {
  readonly summary?: string
  /** Looks at operands and flags, throws an `ExitError` for wrong ones, and says what to do. */
  readonly run: (operands: string[], flags: CommandFlags) => Action
  /** It works on a data folder: `--data` and `--config` say on which; a text is what help says of it. */
  readonly hasDataFolder?: boolean | string
}

/** The same for a command that asks no broker. */
export type DefineLocal = (parent: Command, usage: string, command: LocalCommand) => Command

/**
 * What a command file does with its row of the table. `whole` is the program with all commands, each with
 * what its own file adds.
 */
export type AddCommand = (
  command: Command,
  remote: DefineRemote,
  local: DefineLocal,
  whole: () => Promise<Command>,
) => void
