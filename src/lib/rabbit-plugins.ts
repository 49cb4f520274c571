/** Of RabbitMQ's plugins those whose work Pabal does, always: clients and set-up scripts look for them. */
export const rabbitPlugins: readonly string[] = [
  'rabbitmq_auth_backend_oauth2',
  'rabbitmq_auth_mechanism_ssl',
  'rabbitmq_consistent_hash_exchange',
  'rabbitmq_delayed_message_exchange',
  'rabbitmq_management',
  'rabbitmq_management_agent',
  'rabbitmq_message_deduplication',
  'rabbitmq_mqtt',
  'rabbitmq_prometheus',
  'rabbitmq_random_exchange',
  'rabbitmq_recent_history_exchange',
  'rabbitmq_sharding',
  'rabbitmq_stomp',
  'rabbitmq_web_mqtt',
  'rabbitmq_web_stomp',
]
