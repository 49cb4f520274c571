// `pabal group set-aside` and `pabal group dead-letters`: records that a consumer group cannot process.
import type { Command } from 'commander'
import { exitCodes } from '../lib/exit-codes.ts'
import { ExitError } from '../lib/exit-error.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions, isMeant, type RiskFlags } from './confirm.ts'
import { refusal } from './refusal.ts'
import type { AskBroker, DefineRemote } from './remote-command.ts'

interface Flags extends RiskFlags {
  readonly topic?: string
  readonly partition?: string
  readonly to?: string
  readonly attempts?: string
  readonly off?: boolean
}

export function addGroupDeadLetterCommands(group: Command, remote: DefineRemote): void {
  const aside = remote(group, 'set-aside <NAME>', {
    summary: 'Set the record aside that a group reads next and cannot process',
    ask: ([name = ''], flags) => setAside(name, flags as Flags),
  })
    .option('--topic <NAME>', 'Of which topic')
    .option('--partition <N>', 'Of which partition')
    .option('--to <NAME>', 'A queue or topic (default: where the group has its own go)')
  addRiskOptions(aside)
  remote(group, 'dead-letters <NAME>', {
    summary: 'Say after how many vain attempts records of a group are set aside by themselves',
    ask: ([name = ''], flags) => setRule(name, flags as Flags),
  })
    .option('--attempts <N>', 'So often may members begin at a record')
    .option('--to <NAME>', 'The queue or topic where it goes then')
    .option('--off', 'Nothing is set aside by itself any more')
    .addHelpText('after', '\nExample: group dead-letters billing --attempts 5 --to billing.dead')
}

function setAside(name: string, flags: Flags): AskBroker {
  const path = ['v1', 'groups', checkName('group', name), 'set-aside']
  const { topic, partition, to } = flags
  if (topic === undefined || partition === undefined || !/^\d{1,9}$/.test(partition)) {
    throw new ExitError(exitCodes.usage, 'group set-aside needs --topic NAME and --partition N')
  }
  const body = { topic, partition: Number(partition), ...(to !== undefined && { to }) }
  return async (broker, terminal) => {
    const deed = `set the next record of partition ${partition} of topic '${topic}' aside for group '${name}'`
    if (!(await isMeant(terminal, { deed, place: broker.place }, flags))) return exitCodes.ok
    const answer = await broker.ask('POST', path, body)
    if (answer.status >= 400) throw refusal(answer, 'nothing was set aside')
    const { offset, to: target } = answer.body as { readonly offset: number; readonly to: string }
    terminal.print(`Offset ${offset} went to '${target}'; the group goes on behind it`)
    return exitCodes.ok
  }
}

function setRule(name: string, { attempts, to, off: isOff = false }: Flags): AskBroker {
  const path = ['v1', 'groups', checkName('group', name), 'dead-letters']
  const isWhole = attempts !== undefined && /^[1-9]\d{0,6}$/.test(attempts) && to !== undefined
  if (isOff ? attempts !== undefined || to !== undefined : !isWhole) {
    const text = 'group dead-letters needs --attempts N and --to NAME, or --off'
    throw new ExitError(exitCodes.usage, text)
  }
  return async (broker, terminal) => {
    const answer = isOff
      ? await broker.ask('DELETE', path)
      : await broker.ask('PUT', path, { attempts: Number(attempts), to })
    if (answer.status >= 400) throw refusal(answer, `group '${name}' stays as it is`)
    terminal.print(
      isOff
        ? `Nothing of group '${name}' is set aside by itself any more`
        : `Records at which members of group '${name}' have begun ${attempts} times in vain go to '${to}'`,
    )
    return exitCodes.ok
  }
}
