// What Kafka's own tools are asked, in order: each call builds on those before it.

/** One call of a tool. */
export interface ToolCall {
  /** As in the table. */
  readonly step: string
  /** Behind `--bootstrap-server`, or with SERVER where it is to stand; FOLDER is a folder with `files`. */
  readonly args: string
  readonly input?: string
  /** What it prints, among other things; without this and `lacks`, nothing. */
  readonly says?: RegExp
  /** The same, where Pabal has not what Kafka has: in the table, with a dash. */
  readonly lacks?: string
  /** The tool exits with 1. */
  readonly fails?: true
  /** The file that gets the first line of JSON that it prints. */
  readonly saves?: string
}

/** One tool. */
export interface Tool {
  /** The script of Kafka's distribution, without `.sh`. */
  readonly name: string
  readonly main: string
  readonly calls: readonly ToolCall[]
}

const tools = 'org.apache.kafka.tools'

/** What the calls read. */
export const files: Readonly<Record<string, object | string>> = {
  'elect.json': { partitions: [{ topic: 'tools', partition: 0 }] },
  'move.json': { version: 1, topics: [{ topic: 'tools' }] },
  'elsewhere.json': { version: 1, partitions: [{ topic: 'tools', partition: 0, replicas: [7] }] },
  'delete.json': { version: 1, partitions: [{ topic: 'tools', partition: 0, offset: 1 }] },
  'beyond.json': { version: 1, partitions: [{ topic: 'tools', partition: 0, offset: 99 }] },
  'reset.csv': 'readers,tools,0,1\n',
  'empty.properties': '',
}

const reset = '--reset-offsets --group readers --topic tools'
const spec = 'FOLDER/reassign.json'
const one = '--entity-type brokers --entity-name 1'

/** A line of the table that kafka-consumer-groups prints for partition 0 of `tools`. */
function resetTo(offset: number): RegExp {
  return new RegExp(`readers +tools +0 +${offset}\\b`)
}

/** Every tool; those that write come before those that read. */
export const kafkaTools: readonly Tool[] = [
  {
    name: 'kafka-topics',
    main: `${tools}.TopicCommand`,
    calls: [
      {
        step: 'create',
        args: '--create --topic tools --partitions 1 --config retention.ms=-1',
        says: /Created topic tools\./,
      },
      {
        step: 'create one that is there',
        args: '--create --topic tools',
        says: /Topic 'tools' already exists/,
        fails: true,
      },
      {
        step: 'create with three replicas',
        args: '--create --topic three --replication-factor 3',
        lacks: 'target replication factor of 3 cannot be reached',
        fails: true,
      },
      { step: 'list', args: '--list', says: /^tools$/ },
      {
        step: 'describe',
        args: '--describe --topic tools',
        says: /PartitionCount: 1\tReplicationFactor: 1\tConfigs: .*retention.ms=-1\n.*Partition: 0\tLeader: (\d)\tReplicas: \1\tIsr: \1/,
      },
      {
        step: 'describe partitions that are behind',
        args: '--describe --under-replicated-partitions',
      },
      {
        step: 'describe those with settings',
        args: '--describe --topics-with-overrides',
        says: /retention.ms=-1/,
      },
      { step: 'create, to delete', args: '--create --topic gone', says: /Created topic gone/ },
      { step: 'more partitions', args: '--alter --topic gone --partitions 3' },
      {
        step: 'fewer partitions',
        args: '--alter --topic gone --partitions 2',
        says: /currently has 3 partition\(s\); 2 would not be an increase/,
        fails: true,
      },
      { step: 'delete', args: '--delete --topic gone' },
      {
        step: 'delete one that is not there',
        args: '--delete --topic gone',
        says: /Topic 'gone' does not exist as expected/,
        fails: true,
      },
    ],
  },
  {
    name: 'kafka-console-producer',
    main: `${tools}.ConsoleProducer`,
    calls: [
      {
        step: 'keys',
        args: '--topic tools --reader-property parse.key=true --reader-property key.separator=:',
        input: 'a:1\nb:2\nc:3\n',
      },
      {
        step: 'zstd, idempotent',
        args: '--topic tools --compression-codec zstd --command-property enable.idempotence=true',
        input: '4\n5\n',
      },
    ],
  },
  {
    name: 'kafka-console-consumer',
    main: `${tools}.consumer.ConsoleConsumer`,
    calls: [
      {
        step: 'a group',
        args: '--topic tools --from-beginning --max-messages 5 --timeout-ms 10000 --group readers',
        says: /1\n2\n3\n4\n5\nProcessed a total of 5 messages/,
      },
      {
        step: 'a partition from an offset',
        args: '--topic tools --partition 0 --offset 2 --max-messages 1 --timeout-ms 10000 --formatter-property print.offset=true --formatter-property print.key=true',
        says: /Offset:2\tc\t3/,
      },
      {
        step: 'topics by a pattern, committed records only',
        args: '--include to.* --from-beginning --max-messages 5 --timeout-ms 10000 --isolation-level read_committed',
        says: /Processed a total of 5 messages/,
      },
      {
        step: 'a group of KIP-848',
        args: '--topic tools --from-beginning --max-messages 5 --timeout-ms 10000 --group next-readers --command-property group.protocol=consumer',
        says: /1\n2\n3\n4\n5\nProcessed a total of 5 messages/,
      },
    ],
  },
  {
    name: 'kafka-get-offsets',
    main: `${tools}.GetOffsetShell`,
    calls: [
      { step: 'ends', args: '--topic tools', says: /^tools:0:5$/ },
      { step: 'starts', args: '--topic-partitions tools:0-1 --time earliest', says: /^tools:0:0$/ },
      { step: 'newest record', args: '--topic tools --time max-timestamp', says: /^tools:0:[34]$/ },
      { step: 'time', args: '--topic tools --time 0', says: /^tools:0:0$/ },
      { step: 'local start', args: '--topic tools --time earliest-local', says: /^tools:0:0$/ },
    ],
  },
  {
    name: 'kafka-consumer-groups',
    main: `${tools}.consumer.group.ConsumerGroupCommand`,
    calls: [
      { step: 'list', args: '--list --state --type', says: /readers +Classic +Empty/ },
      { step: 'describe', args: '--describe --group readers', says: /readers +tools +0 +5 +5 +0/ },
      {
        step: 'describe members',
        args: '--describe --group readers --members --verbose',
        says: /has no active members/,
      },
      {
        step: 'describe state',
        args: '--describe --group readers --state',
        says: /readers +127\.0\.0\.1:\d+ +\(1\) +- +Empty +0/,
      },
      {
        step: 'describe one that is not there',
        args: '--describe --group absent',
        says: /Group absent not found/,
      },
      { step: 'reset to earliest', args: `${reset} --to-earliest --execute`, says: resetTo(0) },
      { step: 'reset to latest', args: `${reset} --to-latest --execute`, says: resetTo(5) },
      { step: 'reset by shift', args: `${reset} --shift-by -2 --execute`, says: resetTo(3) },
      { step: 'reset to an offset', args: `${reset} --to-offset 2 --execute`, says: resetTo(2) },
      { step: 'reset to current', args: `${reset} --to-current --execute`, says: resetTo(2) },
      {
        step: 'reset by duration',
        args: `${reset} --by-duration PT1H --execute`,
        says: resetTo(0),
      },
      {
        step: 'reset to a time',
        args: `${reset} --to-datetime 2020-01-01T00:00:00.000 --execute`,
        says: resetTo(0),
      },
      {
        step: 'reset by a file',
        args: '--reset-offsets --group readers --from-file FOLDER/reset.csv --execute',
        says: resetTo(1),
      },
      {
        step: 'export',
        args: '--reset-offsets --group readers --all-topics --to-latest --export --dry-run',
        says: /tools,0,5/,
      },
      {
        step: 'reset all groups',
        args: '--reset-offsets --all-groups --topic tools --to-latest --execute',
        says: resetTo(5),
      },
      {
        step: 'reset a new one',
        args: '--reset-offsets --group fresh --topic tools --to-earliest --execute',
        says: /fresh +tools +0 +0/,
      },
      {
        step: 'delete offsets',
        args: '--delete-offsets --group readers --topic tools',
        says: /tools +0 +Successful/,
      },
      {
        step: 'delete',
        args: '--delete --group readers --group fresh',
        says: /Deletion of requested consumer groups \(.*\) was successful/,
      },
      {
        step: 'delete one that is not there',
        args: '--delete --group absent',
        says: /could not be deleted due to: .*The group id does not exist/,
      },
    ],
  },
  {
    name: 'kafka-groups',
    main: `${tools}.GroupsCommand`,
    calls: [{ step: 'list', args: '--list', says: /console-consumer-\d+ +Classic/ }],
  },
  {
    name: 'kafka-streams-groups',
    main: `${tools}.streams.StreamsGroupCommand`,
    calls: [{ step: 'list', args: '--list' }],
  },
  {
    name: 'kafka-configs',
    main: `${tools}.ConfigCommand`,
    calls: [
      {
        step: 'set for a topic',
        args: '--topic tools --alter --add-config retention.ms=1000000,cleanup.policy=[compact,delete]',
        says: /Completed updating config for topic tools/,
      },
      {
        step: 'describe a topic',
        args: '--topic tools --describe',
        says: /DYNAMIC_TOPIC_CONFIG:cleanup.policy=compact,delete, DEFAULT_CONFIG:log.cleanup.policy=delete/,
      },
      {
        step: 'unset for a topic',
        args: '--topic tools --alter --delete-config retention.ms,cleanup.policy',
        says: /Completed updating config for topic tools/,
      },
      {
        step: 'a setting that there is not',
        args: '--topic tools --alter --add-config nonsense=1',
        says: /Unknown topic config name: nonsense/,
        fails: true,
      },
      {
        step: 'a value that cannot be',
        args: '--topic tools --alter --add-config retention.ms=x',
        says: /Invalid value x for configuration retention.ms: Not a number of type LONG/,
        fails: true,
      },
      {
        step: 'set for the broker',
        args: `${one} --alter --add-config log.cleaner.threads=2`,
        says: /Completed updating config for broker 1/,
      },
      {
        step: 'describe the broker',
        args: `${one} --describe`,
        says: /DYNAMIC_BROKER_CONFIG:log.cleaner.threads=2, DEFAULT_CONFIG:log.cleaner.threads=1/,
      },
      {
        step: 'set and describe for a group',
        args: '--group app --alter --add-config consumer.session.timeout.ms=50000',
        says: /Completed updating config for group app/,
      },
      {
        step: 'describe users',
        args: '--entity-type users --describe',
        says: /credential configs for user-principal 'guest' are .*SCRAM-SHA-512=iterations=4096/,
      },
      {
        step: 'set a SCRAM credential',
        args: '--entity-type users --entity-name tool --alter --add-config SCRAM-SHA-512=[iterations=8192,password=secret]',
        says: /Completed updating config for user tool/,
      },
      {
        step: 'describe a SCRAM credential',
        args: '--entity-type users --entity-name tool --describe',
        says: /SCRAM credential configs for user-principal 'tool' are SCRAM-SHA-512=iterations=8192/,
      },
      {
        step: 'delete a SCRAM credential',
        args: '--entity-type users --entity-name tool --alter --delete-config SCRAM-SHA-512',
        says: /Completed updating config for user tool/,
      },
      { step: 'describe clients', args: '--entity-type clients --describe' },
      {
        step: 'quotas of a client',
        args: '--entity-type clients --entity-name app --alter --add-config producer_byte_rate=1000000',
        says: /Completed updating config for client app/,
      },
      {
        step: 'quotas of a user with every client',
        args: '--entity-type users --entity-name app --entity-type clients --entity-default --alter --add-config request_percentage=50.5,controller_mutation_rate=10',
        says: /Completed updating config for user app/,
      },
      {
        step: 'quotas of every address',
        args: '--entity-type ips --entity-default --alter --add-config connection_creation_rate=1000',
        says: /Completed updating default config for ips/,
      },
      {
        step: 'describe quotas',
        args: '--entity-type clients --entity-name app --describe',
        says: /Quota configs for client-id 'app' are producer_byte_rate=1000000\.0/,
      },
      {
        step: 'describe quotas of users with clients',
        args: '--entity-type users --entity-type clients --describe',
        says: /user-principal 'app', the default client-id are .*request_percentage=50\.5/,
      },
      {
        step: 'take quotas back',
        args: '--entity-type ips --entity-default --alter --delete-config connection_creation_rate',
        says: /Completed updating default config for ips/,
      },
      {
        step: 'a quota that cannot be',
        args: '--entity-type clients --entity-name app --alter --add-config producer_byte_rate=0',
        says: /Quota producer_byte_rate must be greater than 0/,
        fails: true,
      },
    ],
  },
  {
    name: 'kafka-delete-records',
    main: `${tools}.DeleteRecordsCommand`,
    calls: [
      {
        step: 'delete',
        args: '--offset-json-file FOLDER/delete.json',
        says: /partition: tools-0\tlow_watermark: 1/,
      },
      {
        step: 'beyond the end',
        args: '--offset-json-file FOLDER/beyond.json',
        says: /OffsetOutOfRangeException/,
      },
    ],
  },
  {
    name: 'kafka-producer-perf-test',
    main: `${tools}.ProducerPerformance`,
    calls: [
      {
        step: 'write',
        args: '--topic perf --num-records 2000 --record-size 100 --throughput -1 --command-property linger.ms=5',
        says: /^2000 records sent/m,
      },
    ],
  },
  {
    name: 'kafka-consumer-perf-test',
    main: `${tools}.ConsumerPerformance`,
    calls: [
      { step: 'read', args: '--topic perf --num-records 2000 --timeout 10000', says: /, 2000, / },
    ],
  },
  {
    name: 'kafka-e2e-latency',
    main: `${tools}.EndToEndLatency`,
    calls: [
      {
        step: 'write and read',
        args: '--topic e2e --num-records 20 --producer-acks all --record-size 100',
        says: /Percentiles: 50th = \d+/,
      },
    ],
  },
  {
    name: 'kafka-verifiable-producer',
    main: `${tools}.VerifiableProducer`,
    // Its last words come at the end of the process. What it wrote the next one reads.
    calls: [{ step: 'write', args: '--topic ver --max-messages 3', says: /"startup_complete"/ }],
  },
  {
    name: 'kafka-verifiable-consumer',
    main: `${tools}.VerifiableConsumer`,
    calls: [
      {
        step: 'read and commit',
        args: '--topic ver --group-id verifiers --max-messages 3 --reset-policy earliest',
        says: /"offsets_committed","offsets":\[\{"topic":"ver","partition":0,"offset":3\}\],"success":true/,
      },
    ],
  },
  {
    name: 'kafka-broker-api-versions',
    main: `${tools}.BrokerApiVersionsCommand`,
    calls: [{ step: 'list', args: '', says: /Produce\(0\): 0 to 13 \[usable: 13\]/ }],
  },
  {
    name: 'kafka-log-dirs',
    main: `${tools}.LogDirsCommand`,
    calls: [
      {
        step: 'describe',
        args: '--describe --topic-list tools',
        says: /"partition":"tools-0","size":\d+,"offsetLag":0,"isFuture":false/,
      },
    ],
  },
  {
    name: 'kafka-leader-election',
    main: `${tools}.LeaderElectionCommand`,
    calls: [
      {
        step: 'all partitions',
        args: '--election-type preferred --all-topic-partitions',
      },
      {
        step: 'by a file',
        args: '--election-type preferred --path-to-json-file FOLDER/elect.json',
        says: /Valid replica already elected for partitions tools-0/,
      },
      {
        step: 'unclean',
        args: '--election-type unclean --topic tools --partition 0',
        says: /Valid replica already elected for partitions tools-0/,
      },
    ],
  },
  {
    name: 'kafka-reassign-partitions',
    main: `${tools}.reassign.ReassignPartitionsCommand`,
    calls: [
      {
        step: 'generate',
        args: '--topics-to-move-json-file FOLDER/move.json --broker-list 1 --generate',
        says: /Proposed partition reassignment configuration/,
        // As its users do; in a cluster any broker may have it.
        saves: 'reassign.json',
      },
      {
        step: 'execute',
        args: `--reassignment-json-file ${spec} --execute`,
        says: /Successfully started partition reassignment for tools-0/,
      },
      {
        step: 'verify',
        args: `--reassignment-json-file ${spec} --verify`,
        says: /Reassignment of partition tools-0 is completed/,
      },
      {
        step: 'cancel',
        args: `--reassignment-json-file ${spec} --cancel`,
        says: /None of the specified partition reassignments are active/,
      },
      { step: 'list', args: '--list', says: /No partition reassignments found/ },
      {
        step: 'to a broker that there is not',
        args: '--reassignment-json-file FOLDER/elsewhere.json --execute',
        says: /Unknown broker id 7/,
        fails: true,
      },
    ],
  },
]
