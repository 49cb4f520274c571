// `pabal move`: brings messages from other brokers. What does it is loaded when it is asked for.
import { addMoveFlags, collect } from './move-flags.ts'
import type { AddCommand } from './remote-command.ts'

export const addMoveCommands: AddCommand = (move, remote) => {
  const rabbitmq = remote(move, 'rabbitmq', {
    summary: 'Move the messages of queues; see docs/moving-from-rabbitmq.md',
    ask: (_operands, flags) => async (broker, terminal) => {
      const { moveFromRabbitmq } = await import('./move-rabbitmq.ts')
      return moveFromRabbitmq(flags, broker, terminal)
    },
  })
    .option('--from <URL>', 'RabbitMQ: amqp://USER@HOST:PORT/VHOST, or amqps://…')
    .option('--queue <NAME>', 'A queue to move; may be given several times', collect)
    .option('--all-queues', 'All that are in its virtual host; needs --from-management')
    .option(
      '--from-management <URL>',
      'Its management API; what is missing here is declared from it',
    )
    .option('--to-queue <NAME>', 'Where the messages of one queue go (default: the same name)')
    .option('--vhost <NAME>', 'Where the queues are here (default: the same as there)')
  addMoveFlags(rabbitmq, { unit: 'messages' })
  const kafka = remote(move, 'kafka', {
    summary: 'Copy topics with their offsets, and groups; see docs/moving-from-kafka.md',
    ask: (_operands, flags) => async (broker, terminal) => {
      const { moveFromKafka } = await import('./move-kafka.ts')
      return moveFromKafka(flags, broker, terminal)
    },
  })
    .option('--from <HOST:PORT>', 'Brokers of Kafka, with commas between several')
    .option('--topic <NAME>', 'A topic to copy; may be given several times', collect)
    .option('--all-topics', 'All topics but those of Kafka itself')
    .option(
      '--group <NAME>',
      'A group to bring along; may be given several times (default: all)',
      collect,
    )
    .option('--no-groups', 'Bring no groups along')
    .option('--from-user <NAME>', 'Log in (SASL)')
    .option('--from-mechanism <NAME>', 'PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (default: PLAIN)')
    .option('--from-tls', 'Connect by TLS')
  addMoveFlags(kafka, { unit: 'records' })
}
