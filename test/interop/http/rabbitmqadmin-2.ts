// rabbitmqadmin 2, a program of its own in Rust. Each command that means something here; the others are refused.
import { hostNodeName } from '../../../src/lib/node-name.ts'
import { isOnThreeNodes } from '../../support/three-nodes.ts'
import { type CommandLine, line } from './command-lines.ts'

const notThere = /404 Not Found/

/** In a cluster one of its nodes, which need not be the one that is asked. */
const nodeName = isOnThreeNodes() ? 'rabbit@n2' : hostNodeName

const vhosts: readonly CommandLine[] = [
  line("vhosts declare --name v1 --description 'of the shop' --default-queue-type quorum"),
  line('vhosts list', { prints: /v1.*of the shop.*quorum/ }),
  line('vhosts enable_deletion_protection --name v1'),
  line('vhosts delete --name v1', { refused: /protected from deletion/ }),
  line('vhosts disable_deletion_protection --name v1'),
  line('vhosts declare --name v2 --tracing', { refused: /tracing is not served/ }),
  line("vhosts delete_multiple --name-pattern '^v2' --approve"),
  line('vhost_limits declare --name max-connections --value 500'),
  line('vhost_limits list', { prints: /max-connections/ }),
  line('vhost_limits delete --name max-connections'),
]

const users: readonly CommandLine[] = [
  line('users declare --name u1 --password p1 --tags management'),
  line('users list', { prints: /u1.*management/ }),
  line("permissions declare --user u1 --configure '.*' --read '.*' --write '^a'"),
  line('permissions list', { prints: /u1.*\/.*\^a/ }),
  line('users permissions'),
  line('permissions delete --user u1'),
  line('user_limits declare --user u1 --name max-connections --value 5'),
  line('user_limits list --user u1', { prints: /max-connections/ }),
  line('users limits --user u1'),
  line('user_limits delete --user u1 --name max-connections'),
  line('passwords salt_and_hash secret', { prints: /password hash/ }),
  line('users delete --name u1'),
  line('users delete --name u1', { refused: notThere }),
  line('users delete --name u1 --idempotently'),
]

function policyLines(kind: 'policies' | 'operator_policies'): readonly CommandLine[] {
  return [
    line(
      `${kind} declare --name p1 --pattern '^q' --apply-to queues --definition '{"max-length":100}' --priority 3`,
    ),
    line(`${kind} list`, { prints: /p1.*\^q.*max-length/ }),
    line(`${kind} list_in`, { prints: /p1/ }),
    line(`${kind} list_matching_object --name q1 --type queues`, { prints: /p1/ }),
    line(`${kind} patch --name p1 --definition '{"expires":100000}'`),
    line(`${kind} update_definition --name p1 --definition-key max-length --new-value 5`),
    line(`${kind} delete_definition_keys --name p1 --definition-keys expires`),
    line(`${kind} delete_definition_keys_from_all_in --definition-keys expires`),
    line(`${kind} update_definitions_of_all_in --definition-key max-length --new-value 6`),
    line(`${kind} delete --name p1`),
  ]
}

const policies: readonly CommandLine[] = [
  ...policyLines('policies'),
  ...policyLines('operator_policies'),
  line(`policies declare_blanket --name b --apply-to queues --definition '{"max-length":9}'`),
  line(`policies declare_override --name b --override-name o --definition '{"max-length":5}'`),
  line('policies list_conflicting'),
  line('delete policy --name o'),
  line('delete policy --name b'),
]

const parameters: readonly CommandLine[] = [
  line('parameters list_all'),
  line('parameters list --component operator_policy'),
  line(`parameters set --component shovel --name s --value '{"a":1}'`, {
    refused: /component shovel not found/,
  }),
  line('global_parameters list', { prints: /cluster_name/ }),
  line(`global_parameters set --name g --value '{"a":1}'`),
  line('global_parameters list', { prints: /"a":\s*1/ }),
  line('global_parameters clear --name g'),
  line('federation list_all_upstreams'),
  line('shovels list_all'),
]

const node: readonly CommandLine[] = [
  line('show endpoint'),
  line('show overview', { prints: /Pabal/ }),
  line('show churn'),
  line(`show memory_breakdown_in_bytes --node ${nodeName}`),
  line(`show memory_breakdown_in_percent --node ${nodeName}`),
  line('nodes list', { prints: new RegExp(nodeName) }),
  line('plugins list_all'),
  line(`plugins list_on_node --node ${nodeName}`),
  line('health_check local_alarms'),
  line('health_check cluster_wide_alarms'),
  line('health_check node_is_quorum_critical'),
  line('health_check port_listener --port 1', { refused: /1/ }),
  line('health_check protocol_listener --protocol amqp'),
  line('feature_flags list'),
  line('feature_flags enable_all'),
  line('feature_flags enable --name khepri_db', { refused: /not supported/ }),
  line('deprecated_features list'),
  line('deprecated_features list_used'),
  line('rebalance queues'),
  line(`auth_attempts stats --node ${nodeName}`, { prints: /amqp/ }),
]

const queues: readonly CommandLine[] = [
  line('queues declare --name q1 --type quorum --durable true'),
  line(`queues declare --name q2 --type classic --arguments '{"x-max-length":10}'`),
  line('streams declare --name s1 --expiration 1D --max-length-bytes 1000000'),
  line('queues list', { prints: /q1.*quorum/ }),
  line('queues show --name q1', { prints: /q1/ }),
  line('streams list', { prints: /s1/ }),
  line('streams show --name s1', { prints: /s1/ }),
  line('exchanges declare --name x1 --type topic --durable true'),
  line('exchanges declare --name x2 --type fanout'),
  line('exchanges list', { prints: /x1.*topic/ }),
  line("exchanges bind --source x2 --destination-type exchange --destination x1 --routing-key ''"),
  line('bindings declare --source x1 --destination-type queue --destination q1 --routing-key a.#'),
  line('bindings list', { prints: /a\.#/ }),
  line('publish message --routing-key a.b --exchange x1 --payload hi', {
    prints: /routed successfully/,
  }),
  line('get messages --queue q1 --count 1 --ack-mode ack_requeue_true', { prints: /hi/ }),
  line('queues purge --name q1'),
  line('get messages --queue q1 --count 1 --ack-mode ack_requeue_false'),
  line('bindings delete --source x1 --destination-type queue --destination q1 --routing-key a.#'),
  line(
    "exchanges unbind --source x2 --destination-type exchange --destination x1 --routing-key ''",
  ),
  line('exchanges delete --name x1'),
  line('exchanges delete --name x2'),
  line('streams delete --name s1'),
  line("queues delete_multiple --name-pattern '^q2' --approve"),
  line('queues delete --name q1'),
  line('queues delete --name q1', { refused: notThere }),
  line('queues delete --name q1 --idempotently'),
]

/** Nobody is connected. */
const connections: readonly CommandLine[] = [
  line('connections list'),
  line('list user_connections --username guest'),
  line('users connections --username guest'),
  line('connections close_of_user --username nobody'),
  line('connections close --name none', { refused: notThere }),
  line('channels list'),
  line('list consumers'),
]

/** `folder` is for files that it writes. */
export function linesOfTwo(folder: string): readonly CommandLine[] {
  return [
    ...vhosts,
    ...users,
    ...policies,
    ...parameters,
    ...node,
    ...queues,
    ...connections,
    line(`definitions export --file ${folder}/all.json`),
    line(`definitions import --file ${folder}/all.json`),
    line(`definitions export_from_vhost --file ${folder}/v.json`),
    line(`definitions import_into_vhost --file ${folder}/v.json`),
    line('vhosts delete --name v1'),
    line('vhosts delete --name v1 --idempotently'),
  ]
}
