// `pabal vhost`: the virtual hosts of the running broker.
import { exitCodes } from '../lib/exit-codes.ts'
import { type Add, adderFor, addLimitCommand, change, list, remove } from './access-requests.ts'
import type { BrokerClient } from './broker-client.ts'
import { checkName } from './check-name.ts'
import { addRiskOptions } from './confirm.ts'
import { kinds, notThere } from './not-there.ts'
import type { AddCommand } from './remote-command.ts'
import { outputOption } from './show-rows.ts'

export const addVHostCommands: AddCommand = (vhost, remote) => {
  const add = adderFor(vhost, remote)
  addVHostCommand(add)
  addLimitCommand(add, 'vhost')
  const limits = {
    title: 'limits',
    columns: ['vhost', 'value'],
    nameKey: 'vhost',
    heads: { value: 'limits' },
  }
  add('limits', 'Show the limits of all virtual hosts', list(['vhost-limits'], limits)).option(
    ...outputOption,
  )
}

function addVHostCommand(add: Add): void {
  const columns = ['name', 'description', 'tags', 'default_queue_type']
  add('list', 'Show all virtual hosts', list(['vhosts'], { title: 'virtual hosts', columns }))
    .alias('ls')
    .option(...outputOption)
  add(
    'add <NAME>',
    'Add a virtual host, or change what it was added with',
    ([name = ''], flags) => {
      const { description, tags, defaultQueueType: type } = flags
      const body = {
        ...(description !== undefined && { description }),
        ...(tags !== undefined && { tags }),
        ...(type !== undefined && { default_queue_type: type }),
      }
      const request = ['PUT', ['vhosts', checkName('virtual host', name)], body] as const
      return async (broker, { print }) => {
        const status = await change(broker, request, `virtual host '${name}' was not added`)
        print(`Virtual host '${name}' was ${status === 201 ? 'added' : 'changed'}`)
        return exitCodes.ok
      }
    },
  )
    .option('--description <TEXT>', 'What it is for')
    .option('--tags <TAGS>', 'Words to find it by; separated by commas')
    .option('--default-queue-type <TYPE>', 'Of queues without one: classic, quorum or stream')
  const removing = add(
    'delete <NAME>',
    'Delete a virtual host and all in it',
    ([name = ''], flags) => {
      const doomed = {
        path: ['vhosts', checkName('virtual host', name)],
        title: `virtual host '${name}'`,
        describe: (broker: BrokerClient) => countIn(broker, name),
        explain: (broker: BrokerClient) => notThere(broker, { kind: kinds.vhost, name }),
      }
      return remove(doomed, flags)
    },
  )
  addRiskOptions(removing).alias('rm')
}

async function countIn(broker: BrokerClient, vhost: string): Promise<string> {
  const { body } = await broker.get(['queues', vhost], { page: '1', page_size: '1' })
  const { total_count: count } = body as { readonly total_count: number }
  return `and all in it, with ${count === 1 ? '1 queue' : `${count} queues`}`
}
