// First programs for each protocol and language: those of docs/snippets, which tests run, with the addresses of
// this broker's listeners.
import type { HomeJson, ListenerJson } from '../../../src/admin/v1/home/home-json.ts'

const sources = import.meta.glob<string>('../../../docs/snippets/[hH]ello*', {
  query: '?raw',
  import: 'default',
  eager: true,
})

function codeOf(file: string): string {
  return sources[`../../../docs/snippets/${file}`] ?? ''
}

export interface Snippet {
  readonly language: string
  readonly label: string
  /** What it is saved as. */
  readonly file: string
  /** What runs it. */
  readonly run: string
}

export interface ProtocolSteps {
  readonly protocol: string
  readonly label: string
  /** One sentence: which clients, and which of them it shows. */
  readonly says: string
  /** The stream that the programs make. */
  readonly stream: string
  readonly snippets: readonly Snippet[]
}

const js = { language: 'js', label: 'JavaScript' } as const
const python = { language: 'python', label: 'Python' } as const
const java = { language: 'java', label: 'Java' } as const
const go = { language: 'go', label: 'Go' } as const

export const protocolSteps: readonly ProtocolSteps[] = [
  {
    protocol: 'amqp',
    label: 'AMQP',
    says: 'Any client for RabbitMQ connects as it is. The program makes a queue, sends a message that is on disk once it is confirmed, and takes it.',
    stream: 'hello',
    snippets: [
      {
        ...js,
        file: 'hello-amqp.mjs',
        run: 'npm install amqplib && node hello-amqp.mjs',
      },
      {
        ...python,
        file: 'hello_amqp.py',
        run: 'pip install pika && python3 hello_amqp.py',
      },
      { ...java, file: 'HelloAmqp.java', run: "java -cp 'lib/*' HelloAmqp.java" },
      { ...go, file: 'hello-amqp.go', run: 'go run hello-amqp.go' },
    ],
  },
  {
    protocol: 'kafka',
    label: 'Kafka',
    says: 'Any client for Kafka connects as it is. The program sends to a topic, which is made by that, and a consumer group reads it from its start.',
    stream: 'greetings',
    snippets: [
      {
        ...js,
        file: 'hello-kafka.mjs',
        run: 'npm install kafkajs && node hello-kafka.mjs',
      },
      {
        ...python,
        file: 'hello_kafka.py',
        run: 'pip install confluent-kafka && python3 hello_kafka.py',
      },
      {
        ...java,
        file: 'HelloKafka.java',
        run: "java -cp 'lib/*' HelloKafka.java",
      },
      { ...go, file: 'hello-kafka.go', run: 'go run hello-kafka.go' },
      {
        language: 'shell',
        label: 'kcat',
        file: 'hello-kafka.sh',
        run: 'sh hello-kafka.sh',
      },
    ],
  },
  {
    protocol: 'mqtt',
    label: 'MQTT',
    says: 'Any client for MQTT 3.1, 3.1.1 or 5 connects as it is. The program publishes a message that is retained, subscribes to its topic, and gets it.',
    stream: 'mqtt-retained',
    snippets: [
      { ...js, file: 'hello-mqtt.mjs', run: 'npm install mqtt && node hello-mqtt.mjs' },
      { ...python, file: 'hello_mqtt.py', run: 'pip install paho-mqtt && python3 hello_mqtt.py' },
      { language: 'shell', label: 'mosquitto', file: 'hello-mqtt.sh', run: 'sh hello-mqtt.sh' },
    ],
  },
  {
    protocol: 'stomp',
    label: 'STOMP',
    says: 'Any client for STOMP connects as it is, browsers by WebSocket. The program sends to a queue, which is made by that, and takes the message.',
    stream: 'letters',
    snippets: [
      { ...js, file: 'hello-stomp.mjs', run: 'npm install @stomp/stompjs && node hello-stomp.mjs' },
      { ...python, file: 'hello_stomp.py', run: 'pip install stomp.py && python3 hello_stomp.py' },
    ],
  },
  {
    protocol: 'http',
    label: 'HTTP',
    says: 'Programs without a client send and receive by HTTP. What is received is leased until it is settled.',
    stream: 'notes',
    snippets: [
      { ...js, file: 'hello-http.mjs', run: 'node hello-http.mjs' },
      { ...python, file: 'hello_http.py', run: 'python3 hello_http.py' },
      { ...java, file: 'HelloHttp.java', run: 'java HelloHttp.java' },
      { ...go, file: 'hello-http.go', run: 'go run hello-http.go' },
      {
        language: 'shell',
        label: 'curl',
        file: 'hello-http.sh',
        run: 'sh hello-http.sh',
      },
    ],
  },
  {
    protocol: 'commands',
    label: 'Command line',
    says: 'pabal asks a broker from anywhere. On its own machine it needs no address. In a clone, npm start -- stands for pabal.',
    stream: 'jobs',
    snippets: [
      {
        language: 'shell',
        label: 'pabal',
        file: 'hello-pabal.sh',
        run: 'sh hello-pabal.sh',
      },
    ],
  },
]

export interface SnippetPlace {
  readonly home: Pick<HomeJson, 'listeners'> | undefined
  /** Of the machine, as the browser came to it. */
  readonly host: string
  /** Who is logged in. */
  readonly user: string
}

/** By service of a listener. */
const usualPorts = {
  amqp: 5672,
  kafka: 9092,
  http: 15_672,
  mqtt: 1883,
  stomp: 61_613,
  'stomp-ws': 15_674,
} as const

/** The program as it runs against this broker. */
export function codeFor(file: string, { home, host, user }: SnippetPlace): string {
  let text = codeOf(file)
  for (const [service, usual] of Object.entries(usualPorts)) {
    const port = portOf(home?.listeners, service) ?? usual
    text = text.replaceAll(`localhost:${usual}`, `${host}:${port}`)
  }
  // Whoever runs it knows the password; the page does not.
  return user === 'guest' ? text : withUser(text, user)
}

function portOf(
  listeners: readonly ListenerJson[] | undefined,
  service: string,
): number | undefined {
  return listeners?.find((each) => each.service === service)?.port
}

function withUser(code: string, user: string): string {
  return code
    .replaceAll('guest:guest', `${user}:PASSWORD`)
    .replaceAll('"guest", "guest"', `"${user}", "PASSWORD"`)
    .replaceAll("login: 'guest', passcode: 'guest'", `login: '${user}', passcode: 'PASSWORD'`)
}
