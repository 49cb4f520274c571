// Makes commands of what command files say: those that ask a running broker, and those that do not.
import type { Command } from 'commander'
import type { BrokerClient } from './broker-client.ts'
import type { Action, DefineLocal, DefineRemote } from './remote-command.ts'
import type { Terminal } from './terminal.ts'

type OnRun = (run: Action, command: Command) => void

const dataOptions = [
  ['--data <FOLDER>', 'Data folder of the broker (default: ./data)'],
  ['--config <FILE>', 'File of settings that may name it (default: pabal.yaml)'],
] as const
const placeOptions = [
  ...dataOptions,
  ['--url <URL>', 'HTTP port of a broker elsewhere: https://broker.example:15671'],
  ['--context <NAME>', 'A broker by name; see pabal context --help'],
  ['--user <NAME>', 'Who logs in at the URL'],
  ['--password-file <FILE>', 'File whose first line is the password; or PABAL_PASSWORD'],
  ['--token-file <FILE>', 'File with a token (OAuth 2) to log in with'],
  ['--tls-ca <FILE>', "Authorities to trust instead of the system's (PEM)"],
] as const

/** `onRun` is told the command that was given. */
export function definersFor(onRun: OnRun): {
  readonly remote: DefineRemote
  readonly local: DefineLocal
} {
  return {
    remote(parent, usage, { summary, ask }) {
      const command = childOf(parent, usage, summary)
      addOptions(command, 'Which broker:', placeOptions)
      return command.allowExcessArguments(false).action(() => {
        const asked = ask(command.args, command.opts())
        onRun(async (session) => {
          const { findBroker } = await import('./find-broker.ts')
          const broker = await findBroker(session, session.broker)
          try {
            return await asked(broker, session.terminal, session)
          } finally {
            tellMissing(broker, session.terminal)
          }
        }, command)
      })
    },
    local(parent, usage, { summary, run, hasDataFolder = false }) {
      const command = childOf(parent, usage, summary)
      if (hasDataFolder !== false) {
        const said = typeof hasDataFolder === 'string' ? hasDataFolder : dataOptions[0][1]
        addOptions(command, 'Which data:', [[dataOptions[0][0], said], dataOptions[1]])
      }
      return command.allowExcessArguments(false).action(() => {
        onRun(run(command.args, command.opts()), command)
      })
    },
  }
}

/** Where a node of a cluster answers without others, what is shown is a part, or nothing. */
function tellMissing(broker: BrokerClient, { tell }: Terminal): void {
  const { missing } = broker
  if (missing.length === 0) return
  const next = broker.commandLine('cluster status')
  tell(`This is not all: ${missing.join(' and ')} did not answer; try again, or see ${next}`)
}

function childOf(parent: Command, usage: string, summary: string | undefined): Command {
  const command = /^\w/.test(usage) ? parent.command(usage) : parent
  if (command === parent && usage !== '') command.arguments(usage)
  return summary === undefined ? command : command.description(summary)
}

function addOptions(
  command: Command,
  heading: string,
  options: readonly (readonly [flags: string, description: string])[],
): void {
  for (const [flags, description] of options) {
    command.addOption(command.createOption(flags, description).helpGroup(heading))
  }
}
