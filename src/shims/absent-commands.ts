// Commands of RabbitMQ that mean nothing here, or something else: what to do instead.

const isNode = 'this broker is a node by itself, and joins no others'
const isErlang = 'there is no Erlang here'
const byStart = 'it is a setting of the start'

/** By name: why not. */
export const absentCommands: Readonly<Record<string, string>> = {
  change_cluster_node_type: isNode,
  force_boot: isNode,
  forget_cluster_node: isNode,
  join_cluster: isNode,
  rename_cluster_node: isNode,
  update_cluster_nodes: isNode,
  add_member: `${isNode}: queues have no other members`,
  delete_member: `${isNode}: queues have no other members`,
  grow: isNode,
  shrink: isNode,
  decode: 'secrets stand in files of their own: see docs/configuration.md',
  encode: 'secrets stand in files of their own: see docs/configuration.md',
  decrypt_conf_value: 'secrets stand in files of their own: see docs/configuration.md',
  encrypt_conf_value: 'secrets stand in files of their own: see docs/configuration.md',
  eval: `${isErlang}: pabal has commands for what there is`,
  eval_file: `${isErlang}: pabal has commands for what there is`,
  exec: `${isErlang}: pabal has commands for what there is`,
  erlang_version: isErlang,
  erlang_cookie_hash: isErlang,
  force_gc: isErlang,
  maybe_stuck: isErlang,
  observer: `${isErlang}: use pabal top`,
  remote_shell: isErlang,
  runtime_thread_stats: `${isErlang}: use pabal top`,
  log_tail: 'the broker logs to its output: docker logs',
  log_tail_stream: 'the broker logs to its output: docker logs --follow',
  rotate_logs: 'the broker logs to its output',
  set_log_level: `${byStart}: PABAL_LOG_LEVEL`,
  set_disk_free_limit: `${byStart}: pabal start --help`,
  set_vm_memory_high_watermark: `${byStart}: PABAL_MEMORY_WATERMARK`,
  report: 'use pabal doctor and pabal status',
  reset: 'it would delete everything: stop the broker, and delete its data folder',
  force_reset: 'it would delete everything: stop the broker, and delete its data folder',
  resume_listeners: 'use rabbitmqctl start_app',
  suspend_listeners: 'use rabbitmqctl stop_app, which sends clients away too',
  set_permissions_globally: 'use set_permissions for each virtual host',
  trace_on: 'use pabal trace',
  trace_off: 'use pabal trace',
  quorum_status: `${isNode}: use pabal show`,
  peek: 'use pabal peek',
}
