// What a client may do, as bits by AclOperation's code: whoever is let in may do everything that Kafka
// knows for a kind of resource. Values are what Kafka 4.3.0 answers without an authorizer.
export const authorizedOperations = {
  /** READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS. */
  topic: 3576,
  /** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS. */
  group: 3400,
  /** CREATE, ALTER, DESCRIBE, CLUSTER_ACTION, DESCRIBE_CONFIGS, ALTER_CONFIGS, IDEMPOTENT_WRITE. */
  cluster: 8096,
} as const
