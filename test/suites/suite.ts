// What is known of one suite.

/** A call of a program in the suite's folder. */
export interface SuiteCall {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Tests that cannot pass, as their results name them, and why. */
export interface Hopeless {
  readonly tests: RegExp
  readonly reason: string
  /** Now and then, and in some places, they pass. */
  readonly isSometimes?: true
}

/** The broker's certificate and key, and who must have signed those of clients, if they need one. */
export interface BrokerTls {
  readonly cert: string
  readonly key: string
  readonly clientCa?: string
}

/** One suite at one commit. */
export interface Suite {
  readonly name: string
  readonly repository: string
  /** Or the version, when all of it comes from a module. */
  readonly commit: string
  /** Nothing of the repository is needed. */
  readonly isModule?: true
  /** Asks for the language; it is missing when this fails. */
  readonly language: SuiteCall
  /** Installs what the suite needs, in a copy of its own. */
  readonly prepare: readonly SuiteCall[]
  /** Minutes that it may take, if not 25. */
  readonly minutesMax?: number
  /** Runs it; the text goes to `results` unless the program prints it. */
  run(results: string): SuiteCall
  /** How results are told: an XML file, a line per event of `go test -json`, or librdkafka's report. */
  readonly format: 'junit' | 'go' | 'librdkafka'
  /** It is told in BROKERS where Kafka's protocol is (in OTHER_BROKERS, of others), so it needs no default port. */
  readonly hasOwnPorts?: true
  /** It starts brokers itself. */
  readonly startsBrokers?: true
  /** Of the broker, beside its ports. */
  readonly flags?: readonly string[]
  /** Those of further brokers, at other ports. */
  readonly others?: readonly (readonly string[])[]
  /** Port where it looks for one more node, or one more way to log in → that of a broker. */
  readonly forwards?: Readonly<Record<string, number>>
  /** Runs before it, with the broker. */
  readonly begin?: SuiteCall
  /** Files in the suite's folder where clients check them: see BrokerTls. */
  readonly tls?: BrokerTls
  /** What the broker has before, in RabbitMQ's form of definitions. */
  readonly definitions?: object
  /** The broker is of another user, so guest is one that definitions make, and may be changed. */
  readonly isGuestOrdinary?: true
  readonly hopeless: readonly Hopeless[]
}
