// Makes commands of what command files say: those that ask a running broker, and those that do not.
import type { Command } from 'commander'
import type { Action, DefineLocal, DefineRemote } from './remote-command.ts'

type OnRun = (run: Action, command: Command) => void

const dataOption = ['--data <FOLDER>', 'Data folder of the broker (default: ./data)'] as const
const configOption = ['--config <FILE>', 'File of settings that may name it'] as const

/** `onRun` is told the command that was given. */
export function definersFor(onRun: OnRun): {
  readonly remote: DefineRemote
  readonly local: DefineLocal
} {
  return {
    remote(parent, usage, { summary, ask }) {
      const command = childOf(parent, usage, summary)
      addDataOptions(command, 'Which broker:')
      return command.allowExcessArguments(false).action(() => {
        const asked = ask(command.args, command.opts())
        onRun(async (session) => {
          const { findBroker } = await import('./find-broker.ts')
          return asked(await findBroker(session), session.terminal)
        }, command)
      })
    },
    local(parent, usage, { summary, run, hasDataFolder = false }) {
      const command = childOf(parent, usage, summary)
      if (hasDataFolder) addDataOptions(command, 'Which data:')
      return command.allowExcessArguments(false).action(() => {
        onRun(run(command.args, command.opts()), command)
      })
    },
  }
}

function childOf(parent: Command, usage: string, summary: string | undefined): Command {
  const command = /^\w/.test(usage) ? parent.command(usage) : parent
  if (command === parent && usage !== '') command.arguments(usage)
  return summary === undefined ? command : command.description(summary)
}

function addDataOptions(command: Command, heading: string): void {
  for (const [flags, description] of [dataOption, configOption]) {
    command.addOption(command.createOption(flags, description).helpGroup(heading))
  }
}
