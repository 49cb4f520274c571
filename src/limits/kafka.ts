// Limits of Kafka's connections, requests and answers.
import { KiB, MiB } from './units.ts'

export const kafkaLimits = {
  /** The largest request. Kafka's socket.request.max.bytes. */
  kafkaRequestSizeMax: (100 * MiB) as number,
  /** The largest one without records, which are not looked at one by one: texts of 16 MiB take some 20 ms. */
  kafkaPlainRequestSizeMax: (16 * MiB) as number,
  /** A request up to this size gets its room at once; of a larger one, eight times what has come. */
  kafkaRequestRoomInitial: (2 * MiB) as number,
  /** Array elements in one message: each becomes an object of a hundred bytes, in half a microsecond. */
  kafkaElementsMax: 50_000,
  /** What such an element takes once it is read, with what a fetch session and the answer make of it. */
  kafkaElementSize: 1000,
  /** Larger record batches are sent from where they are instead of being copied. */
  copiedRecordsSizeMax: (16 * KiB) as number,
  /** How often a fetch looks whether there is room for its answer again. */
  fullOutputWaitMs: 100,
  /** How long a produce waits while publishers are blocked, and half its own time-out at most. */
  produceHoldMsMax: 15_000,
  /** How long a producer is told to wait that was refused because publishers are blocked. */
  produceThrottleMs: 1000,
  /** Requests of one connection that are being answered at once. */
  kafkaRequestsInFlightMax: 100,
  /** Requests of one connection that are begun while so many bytes of others are in flight. */
  kafkaRequestsInFlightSizeMax: (16 * MiB) as number,
  /** No request is begun while more of the connection's answers waits: for others, or for the client. */
  kafkaUnsentSizeMax: (1 * MiB) as number,
  /** One answer to a fetch, whatever the client would take: it is all in memory. Told as Kafka's fetch.max.bytes. */
  fetchAnswerSizeMax: (8 * MiB) as number,
  /** Partitions that a fetch reads at once, in a few milliseconds; of more, some each turn. */
  fetchedAtOnceMax: 500,
  /** What reading and beginning requests takes of a turn: of a pipeline of small ones, the rest waits. */
  kafkaRequestsMs: 10,
  /** Partitions of one produce that are stored at once, in some 10 ms; of more, some each turn. */
  producedAtOnceMax: 500,
  /** Ways to share partitions that a member offers: each is kept, and compared with those of others. */
  memberProtocolsMax: 100,
  /** Partitions whose offsets are committed as one atom, in a few milliseconds. */
  committedAtOnceMax: 1000,
  /** One answer, whatever was asked for: a client that wants more asks in parts. */
  answerSizeMax: (100 * MiB) as number,
  /** What all long answers together take of a turn: nobody waits for more. */
  kafkaSliceMs: 4,
  /** Of them fetches, whose answers may be large. Clients have one at a time. */
  kafkaFetchesInFlightMax: 2,
  /** Between two APIs that are loaded after a start: each takes a few milliseconds, and others go first. */
  kafkaLatePauseMs: 10,
  /** What is read of a connection whose requests have to wait. */
  kafkaReadAheadMax: (16 * KiB) as number,
  /** How long a refused login waits for its answer. Kafka's connection.failed.authentication.delay.ms. */
  kafkaRefusedLoginMs: 100,
  /** The largest request before the login, many times a user's name and password. Told as Kafka's sasl.server.max.receive.size. */
  kafkaLoginSizeMax: (64 * KiB) as number,
  /** A client that has not logged in by then is hanging, as with AMQP. */
  kafkaLoginMsMax: 10_000,
  /** Connections that have not logged in, together: 64 MiB of begun requests at worst. */
  kafkaStrangersMax: 1024,
  /** A connection that neither sends nor waits for anything ends. Kafka's connections.max.idle.ms. */
  kafkaIdleMsMax: 600_000,
  /** How often such connections are looked for. */
  kafkaIdleCheckMs: 30_000,
  /** Client addresses that are watched for not reaching the advertised address. */
  watchedClientsMax: 1000,
  /** Refusals of one connection that the log tells, each once, … */
  refusalsToldMax: 20,
  /** … with so much of the name: topics and groups that exist have no longer ones. */
  refusedNameSizeMax: 255,
  /** How long requests that were begun may take when the broker stops, or their connections have to go. */
  kafkaEndMsMax: 2000,
  /** A home that is lost so often in a row is not asked again for the client, whose connection ends. */
  kafkaHomeLostMax: 5,
  /** Longest long poll. */
  fetchWaitMsMax: 300_000,
  /** Spread topics whose partitions this node has looked up in its cells: what is asked for again is made again. */
  joinedTopicsMax: 10_000,
  /** Partitions in one answer to DescribeTopicPartitions (Kafka's max.request.partition.size.limit). */
  describedPartitionsMax: 2000,
  /** Longest value of a setting that clients change, as in Kafka's controller. */
  configValueSizeMax: 32_767,
  /** Settings of one broker that clients change: Kafka has some 80 such, and keeps unknown ones as well. */
  brokerSettingsMax: 1000,
  /** Subscriptions to clients' metrics that are kept. */
  clientMetricsMax: 1000,
  /** Incremental fetch sessions (Kafka's max.incremental.fetch.session.cache.slots). */
  fetchSessionsMax: 1000,
  /** What was used or made within this time does not go for another one. Kafka's fetch session cache has the same. */
  fetchSessionEvictionMsMin: 120_000,
  /** Partitions of all of them: each is remembered, also when its client is gone, … */
  fetchSessionPartitionsMax: 50_000,
  /** … in some so many bytes … */
  fetchSessionPartitionSize: 300,
  /** … that together are no more than this share of the memory there is for clients. */
  fetchSessionsShare: 0.02,
} as const
