import type { Command } from 'commander'
import { findClosestName } from '../lib/closest-name.ts'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'

/** Lets a command that does nothing by itself say which words may follow it. */
export function explainNothing(command: Command): void {
  command
    .allowExcessArguments()
    .allowUnknownOption()
    .action(() => {
      throw new ExitError(exitCodes.usage, whyNothing(command))
    })
}

function whyNothing(command: Command): string {
  const [first] = command.args
  // The options that are given are those of a word that was forgotten.
  const given = first?.startsWith('-') === true ? undefined : first
  const name = command.name()
  const words = command.commands.map((child) => child.name())
  const help = `see pabal ${name} --help`
  if (given === undefined) {
    const others = words.slice(0, -1).join(', ')
    return `${name} is followed by ${others === '' ? '' : `${others} or `}${words.at(-1)}; ${help}`
  }
  const aliases = command.commands.flatMap((child) => child.aliases())
  const closest = findClosestName(given, [...words, ...aliases])
  const advice = closest === undefined ? help : `did you mean ${name} ${closest}?`
  return `unknown command ${name} ${given}; ${advice}`
}
