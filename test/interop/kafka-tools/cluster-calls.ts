// What Kafka's tools are asked about a cluster, transactions and rights.

import type { Tool } from './calls.ts'

const tools = 'org.apache.kafka.tools'

export const clusterTools: readonly Tool[] = [
  {
    name: 'kafka-cluster',
    main: `${tools}.ClusterTool`,
    calls: [
      {
        step: 'cluster-id',
        args: 'cluster-id --bootstrap-server SERVER',
        says: /Cluster ID: [\w-]{22}/,
      },
      {
        step: 'list-endpoints',
        args: 'list-endpoints --bootstrap-server SERVER',
        says: /1 +127\.0\.0\.1 +\d+ +null +unfenced +broker/,
      },
      {
        step: 'unregister a broker that there is not',
        args: 'unregister --id 9 --bootstrap-server SERVER',
        says: /Broker ID 9 is not currently registered/,
        fails: true,
      },
      {
        step: 'as a controller',
        args: 'cluster-id --bootstrap-controller SERVER',
        says: /an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER/,
        fails: true,
      },
    ],
  },
  {
    name: 'kafka-features',
    main: `${tools}.FeatureCommand`,
    calls: [
      { step: 'describe', args: 'describe', says: /metadata.version.*FinalizedVersionLevel: 4/ },
      {
        step: 'upgrade',
        args: 'upgrade --release-version 4.0',
        says: /The update failed for all features since the following feature had an error/,
        fails: true,
      },
      {
        step: 'downgrade a feature',
        args: 'downgrade --feature transaction.version=1',
        says: /transaction\.version was downgraded to 1\./,
      },
      {
        step: 'upgrade a feature',
        args: 'upgrade --feature transaction.version=2',
        says: /transaction\.version was upgraded to 2\./,
      },
    ],
  },
  {
    name: 'kafka-metadata-quorum',
    main: `${tools}.MetadataQuorumCommand`,
    calls: [
      { step: 'status', args: 'describe --status', says: /LeaderId: +1\n/ },
      { step: 'replication', args: 'describe --replication', says: /1 .*Leader/ },
      {
        step: 'remove-controller',
        args: 'remove-controller --controller-id 2 --controller-directory-id AAAAAAAAAAAAAAAAAAAAAA',
        lacks: 'support removing voter because the kraft.version feature is 0',
        fails: true,
      },
    ],
  },
  {
    name: 'kafka-client-metrics',
    main: `${tools}.ClientMetricsCommand`,
    calls: [
      {
        step: 'alter',
        args: '--alter --name sub --metrics org.apache.kafka. --interval 5000',
        says: /Altered client metrics config for sub/,
      },
      { step: 'list', args: '--list', says: /^sub$/m },
    ],
  },
  {
    name: 'kafka-streams-application-reset',
    main: `${tools}.StreamsResetter`,
    calls: [
      {
        step: 'reset',
        args: '--application-id app --input-topics tools',
        says: /Topic: tools Partition: 0 Offset: 1/,
      },
    ],
  },
  {
    name: 'kafka-transactions',
    main: `${tools}.TransactionsCommand`,
    calls: [
      {
        step: 'list',
        args: 'list',
        says: /TransactionalId\s+Coordinator\s+ProducerId\s+TransactionState/,
      },
      {
        step: 'describe-producers',
        args: 'describe-producers --topic tools --partition 0',
        says: /ProducerId\s+ProducerEpoch\s+LatestCoordinatorEpoch/,
      },
      {
        step: 'find-hanging',
        args: 'find-hanging --broker-id 1 --max-transaction-timeout 15',
        says: /Topic\s+Partition\s+ProducerId/,
      },
    ],
  },
  {
    name: 'kafka-delegation-tokens',
    main: `${tools}.DelegationTokenCommand`,
    calls: [
      {
        step: 'describe',
        args: '--describe --command-config FOLDER/empty.properties',
        lacks: 'Delegation Token feature is not enabled',
        fails: true,
      },
    ],
  },
  {
    name: 'kafka-acls',
    main: `${tools}.AclCommand`,
    calls: [
      {
        step: 'add for a producer',
        args: '--add --allow-principal User:app --producer --topic tools --transactional-id app',
        says: /Adding ACLs for resource `ResourcePattern\(resourceType=TOPIC, name=tools, patternType=LITERAL\)`:[^]*operation=CREATE, permissionType=ALLOW/,
      },
      {
        step: 'add for a consumer, by prefix',
        args: '--add --allow-principal User:app --consumer --topic tools- --group app --resource-pattern-type prefixed',
        says: /resourceType=GROUP, name=app, patternType=PREFIXED/,
      },
      {
        step: 'deny from a host',
        args: '--add --deny-principal User:* --deny-host 10.0.0.1 --operation All --topic tools',
        says: /principal=User:\*, host=10\.0\.0\.1, operation=ALL, permissionType=DENY/,
      },
      {
        step: 'add for the cluster',
        args: '--add --allow-principal User:app --operation DescribeConfigs --cluster',
        says: /resourceType=CLUSTER, name=kafka-cluster/,
      },
      {
        step: 'list what counts for a topic',
        args: '--list --topic tools-1 --resource-pattern-type match',
        says: /name=tools-, patternType=PREFIXED[^]*operation=READ, permissionType=ALLOW/,
      },
      { step: 'list', args: '--list', says: /resourceType=TRANSACTIONAL_ID, name=app/ },
      {
        step: 'list of a principal',
        args: '--list --principal User:*',
        says: /ACLs for principal `User:\*`/,
      },
      {
        step: 'remove',
        args: '--remove --force --topic tools',
        says: /^(?![^]*name=tools,)/,
      },
      {
        step: 'remove by pattern',
        args: '--remove --force --topic tools-1 --group app --transactional-id app --resource-pattern-type match',
      },
      { step: 'remove for the cluster', args: '--remove --force --cluster' },
      { step: 'list nothing', args: '--list' },
    ],
  },
]
