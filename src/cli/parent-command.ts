import type { Command } from 'commander'
import { findClosestName } from '../lib/closest-name.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'

/** Adds a command that does nothing by itself: another word follows it. */
export function addParentCommand(program: Command, name: string, summary: string): Command {
  return program
    .command(name)
    .description(summary)
    .action((_flags, command: Command) => {
      throw new ExitError(exitCodes.usage, whyNothing(name, command))
    })
}

function whyNothing(name: string, { args: [given], commands }: Command): string {
  const words = commands.map((command) => command.name())
  const help = `see pabal ${name} --help`
  if (given === undefined) {
    return `${name} is followed by ${words.slice(0, -1).join(', ')} or ${words.at(-1)}; ${help}`
  }
  const closest = findClosestName(given, words)
  const advice = closest === undefined ? help : `did you mean ${name} ${closest}?`
  return `unknown command ${name} ${given}; ${advice}`
}
