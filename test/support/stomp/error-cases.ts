// Frames that a broker refuses, and RabbitMQ's words for it. They are asked of Pabal, and of RabbitMQ where there is one.

export interface SentFrame {
  readonly command: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface ErrorCase {
  readonly name: string
  readonly frames: readonly SentFrame[]
  readonly title: string
  readonly detail: string
  /** Whether the connection ends. */
  readonly isFatal?: boolean
  /** Why RabbitMQ 3.10 says something else. */
  readonly differs?: string
}

const send = (destination: string, headers: Record<string, string> = {}): SentFrame => ({
  command: 'SEND',
  headers: { destination, ...headers },
  body: 'x',
})

const subscribe = (destination: string, headers: Record<string, string> = {}): SentFrame => ({
  command: 'SUBSCRIBE',
  headers: { destination, id: '1', ...headers },
})

export const errorCases: readonly ErrorCase[] = [
  {
    name: 'a command that there is not',
    frames: [{ command: 'FOO' }],
    title: 'Bad command',
    detail: 'Could not interpret command "FOO"\n',
  },
  {
    name: 'SEND without a destination',
    frames: [{ command: 'SEND' }],
    title: 'Missing destination',
    detail: '"SEND" must include a \'destination\' header\n',
  },
  {
    name: 'SUBSCRIBE without a destination',
    frames: [{ command: 'SUBSCRIBE', headers: { id: '1' } }],
    title: 'Missing destination',
    detail: '"SUBSCRIBE" must include a \'destination\' header\n',
  },
  {
    name: 'a destination of no known kind',
    frames: [send('/foo/a')],
    title: 'Unknown destination',
    detail:
      "'/foo/a' is not a valid destination.\n" +
      'Valid destination types are: /temp-queue, /exchange, /topic, /queue, /amq/queue, /reply-queue/.\n',
  },
  ...(
    [
      ['/queue', '', 'queue'],
      ['/queue/', '/', 'queue'],
      ['/queue/a/b', '/a/b', 'queue'],
      ['/topic/', '/', 'topic'],
      ['/topic/a/b', '/a/b', 'topic'],
      ['/amq/queue/a/b', '/a/b', 'amqqueue'],
      ['/exchange/a/b/c', '/a/b/c', 'exchange'],
      ['/exchange//b', '//b', 'exchange'],
    ] as const
  ).map(([destination, content, kind]) => ({
    name: `destination ${destination}`,
    frames: [send(destination)],
    title: 'Invalid destination',
    detail: `'${content}' is not a valid ${kind} destination\n`,
  })),
  {
    name: 'an empty destination',
    frames: [send('')],
    title: 'Invalid destination',
    detail: 'Destination cannot be blank',
  },
  {
    name: 'SEND to /temp-queue/',
    frames: [send('/temp-queue/x')],
    title: 'Invalid destination',
    detail: "'/temp-queue/x' is not a valid destination for 'SEND'\n",
  },
  {
    name: 'SUBSCRIBE to /temp-queue/',
    frames: [subscribe('/temp-queue/x')],
    title: 'Invalid destination',
    detail: "'/temp-queue/x' is not a valid destination for 'SUBSCRIBE'\n",
  },
  {
    name: 'SEND with a message-id',
    frames: [send('/queue/errors', { 'message-id': '1' })],
    title: 'Invalid header',
    detail: "'message-id' is not allowed on 'SEND'.\n",
  },
  {
    name: 'SEND to an exchange that is not there',
    frames: [send('/exchange/nope/k')],
    title: 'not_found',
    detail: "NOT_FOUND - no exchange 'nope' in vhost '/'",
    isFatal: true,
  },
  {
    name: 'SUBSCRIBE to an exchange that is not there',
    frames: [subscribe('/exchange/nope/k')],
    title: 'not_found',
    detail: "NOT_FOUND - no exchange 'nope' in vhost '/'",
    isFatal: true,
  },
  {
    name: 'SUBSCRIBE to a queue of /amq/queue/ that is not there',
    frames: [subscribe('/amq/queue/nope')],
    title: 'not_found',
    detail: "NOT_FOUND - no queue 'nope' in vhost '/'",
    isFatal: true,
  },
  ...['ACK', 'NACK'].flatMap((command) => [
    {
      name: `${command} without an id`,
      frames: [{ command }],
      title: 'Missing header',
      detail: `"${command}" must include the "id" header\n`,
    },
    {
      name: `${command} with an id that is none`,
      frames: [{ command, headers: { id: 'foo' } }],
      title: 'Invalid header',
      detail: `"${command}" must include a valid "id" header\n`,
    },
  ]),
  ...['BEGIN', 'COMMIT', 'ABORT'].map((command) => ({
    name: `${command} without a transaction`,
    frames: [{ command }],
    title: 'Missing transaction',
    detail: `"${command}" must include a 'transaction' header\n`,
  })),
  ...[
    { command: 'COMMIT', headers: { transaction: 'a' } },
    { command: 'ABORT', headers: { transaction: 'a' } },
    send('/queue/errors', { transaction: 'a' }),
  ].map((frame) => ({
    name: `${frame.command} of a transaction that was not begun`,
    frames: [frame],
    title: 'Bad transaction',
    detail: 'Invalid transaction identifier: "a"\n',
  })),
  {
    name: 'BEGIN of one that is open',
    frames: [
      { command: 'BEGIN', headers: { transaction: 'a' } },
      { command: 'BEGIN', headers: { transaction: 'a' } },
    ],
    title: 'Bad transaction',
    detail: 'Transaction identifier in use: "a"\n',
    differs: 'there it begins anew, and what was sent in the first one is lost',
  },
  {
    name: 'UNSUBSCRIBE without id and destination',
    frames: [{ command: 'UNSUBSCRIBE' }],
    title: 'Missing destination or id',
    detail: "UNSUBSCRIBE must include a 'destination' or 'id' header",
  },
  {
    name: 'UNSUBSCRIBE from what is not subscribed to, by id',
    frames: [{ command: 'UNSUBSCRIBE', headers: { id: '5' } }],
    title: 'No subscription found',
    detail:
      'UNSUBSCRIBE must refer to an existing subscription.\n' +
      'Subscription to "id=\'5\'" not found.\n',
  },
  {
    name: 'UNSUBSCRIBE from what is not subscribed to, by destination',
    frames: [{ command: 'UNSUBSCRIBE', headers: { destination: '/queue/a' } }],
    title: 'No subscription found',
    detail:
      'UNSUBSCRIBE must refer to an existing subscription.\n' +
      'Subscription to "destination=\'/queue/a\'" not found.\n',
  },
  {
    name: 'UNSUBSCRIBE of an id that begins with /temp-queue/',
    frames: [{ command: 'UNSUBSCRIBE', headers: { id: '/temp-queue/a' } }],
    title: 'Invalid id',
    detail: "UNSUBSCRIBE 'id' may not start with /temp-queue/\n",
  },
  {
    name: 'SUBSCRIBE with an id that begins with /temp-queue/',
    frames: [subscribe('/queue/errors', { id: '/temp-queue/a' })],
    title: 'Invalid id',
    detail: "SUBSCRIBE 'id' may not start with /temp-queue/\n",
    differs: 'there it is a Processing error',
  },
  {
    name: 'a durable SUBSCRIBE without an id',
    frames: [{ command: 'SUBSCRIBE', headers: { destination: '/topic/a', durable: 'true' } }],
    title: 'Missing Header',
    detail: "Header 'id' is required for durable subscriptions",
  },
  {
    name: 'SUBSCRIBE with an id that is taken',
    frames: [subscribe('/queue/errors'), subscribe('/queue/errors-too')],
    title: 'Duplicated subscription identifier',
    detail: "A subscription identified by 'T_1' already exists.",
    isFatal: true,
  },
  {
    name: 'SUBSCRIBE with an ack mode that there is not',
    frames: [subscribe('/queue/errors', { ack: 'maybe' })],
    title: 'Invalid header',
    detail: "'ack' must be auto, client or client-individual.\n",
    differs: 'there it is a Processing error',
  },
  {
    name: 'SEND with a priority that is no number',
    frames: [send('/queue/errors', { priority: 'high' })],
    title: 'Invalid header',
    detail: "'priority' must be a whole number.\n",
    differs: 'there it is a Processing error',
  },
  {
    name: 'SEND with an expiration that is no number',
    frames: [send('/queue/errors', { expiration: 'soon' })],
    title: 'precondition_failed',
    detail: "PRECONDITION_FAILED - invalid expiration 'soon': no_integer",
    isFatal: true,
  },
  {
    name: 'SEND in the name of somebody else',
    frames: [send('/queue/errors', { 'user-id': 'alice' })],
    title: 'precondition_failed',
    detail:
      "PRECONDITION_FAILED - user_id property set to 'alice' but authenticated user was 'guest'",
    isFatal: true,
  },
]
