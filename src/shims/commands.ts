// All commands that stand in for RabbitMQ's, by program. `rabbitmqctl` and `rabbitmq-diagnostics` have the same.
import { clientCommands } from './client-commands.ts'
import { healthCommands } from './health-commands.ts'
import { nodeCommands } from './node-commands.ts'
import { pluginCommands } from './plugin-commands.ts'
import { policyCommands } from './policy-commands.ts'
import type { ShimProgram } from './shim-arguments.ts'
import type { ShimCommands } from './shim-command.ts'
import { topologyCommands } from './topology-commands.ts'
import { userCommands } from './user-commands.ts'
import { vhostCommands } from './vhost-commands.ts'

const ofNode: ShimCommands = {
  ...healthCommands,
  ...nodeCommands,
  ...userCommands,
  ...vhostCommands,
  ...topologyCommands,
  ...clientCommands,
  ...policyCommands,
}

/** In the order in which help shows them. */
export function commandsOf(program: ShimProgram): ShimCommands {
  return program === 'rabbitmq-plugins' ? pluginCommands : ofNode
}
