// Which messages a command is about: the conditions of a search as flags.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'

export interface FilterFlags {
  readonly filter?: string
  readonly text?: string
}

export function addFilterOptions(command: Command): Command {
  return command
    .option('--text <TEXT>', 'Only messages with this in the payload')
    .option(
      '--filter <JSON>',
      'Only messages that this fits: {"routing_key":"^orders"}; see docs/browsing.md',
    )
}

/** The filter as the broker takes it; undefined for all messages. Throws an `ExitError`. */
export function filterOf({ filter, text }: FilterFlags): string | undefined {
  if (filter === undefined) return text === undefined ? undefined : JSON.stringify({ text })
  let json: unknown
  try {
    json = JSON.parse(filter)
  } catch {
    json = undefined
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new ExitError(exitCodes.usage, `--filter is JSON like {"routing_key":"^orders"}`)
  }
  return JSON.stringify({ ...json, ...(text !== undefined && { text }) })
}
