// Commands whose answers are not those of RabbitMQ 3.10, and why.

const ping = 'there is no epmd to ask: the broker itself answers'
const boxes = 'boxes are drawn with letters, as by RabbitMQ 4, and not with codes of a VT100'
const erlang = 'RabbitMQ shows a term of Erlang'
const proper =
  'RabbitMQ shows a term of Erlang, and has another exit code for a missing user elsewhere'

/** By command. */
export const differences: Readonly<Record<string, string>> = {
  'rabbitmqctl ping': ping,
  'rabbitmq-diagnostics ping': ping,
  'rabbitmqctl add_user u': 'RabbitMQ asks for a password, though nobody is there to be asked',
  'rabbitmqctl list_users --formatter pretty_table': boxes,
  'rabbitmqctl list_queues name messages --formatter pretty_table': boxes,
  'rabbitmqctl list_vhosts name tracing description tags':
    'the default virtual host has no description, and no tags are always an empty list',
  'rabbitmqctl set_permissions -p shop u ( .* .*': erlang,
  'rabbitmqctl list_permissions -p shop':
    'as in the API of both, whoever makes a virtual host may do all in it',
  'rabbitmqctl list_user_permissions none': proper,
  'rabbitmqctl set_user_limits none {"max-connections":1}': proper,
  'rabbitmqctl list_user_topic_permissions u': 'RabbitMQ leaves out the heads here',
  'rabbitmqctl list_connections user state channels protocol vhost': erlang,
  'rabbitmqctl list_consumers': 'a channel has its name where RabbitMQ has a process of Erlang',
  'rabbitmqctl set_policy ttl ^o {bad': erlang,
  'rabbitmqctl list_global_parameters': 'the id of a cluster is its own',
  'rabbitmqctl set_vhost_limits -p shop {"bogus":5}': "the words are those of RabbitMQ's API",
  'rabbitmqctl list_user_limits': 'RabbitMQ shows the limits of guest when no user is named',
  'rabbitmqctl import_definitions {folder}/out.json': 'they are there when the command ends',
  'rabbitmq-diagnostics check_protocol_listener mqtt': 'other listeners are named',
}
