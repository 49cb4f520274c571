// A broker in the test's process that listens with TLS and without, on files of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, silentLogger } from '../../src/lib/logger.ts'
import { type RunningBroker, type StartOptions, startBroker } from '../../src/start-broker.ts'
import { makeCertificate, type MadeCertificate } from './make-certificate.ts'
import { otherPortsOff } from './other-ports-off.ts'

const hosts = ['localhost', '127.0.0.1']

export class TlsBroker implements AsyncDisposable {
  readonly broker: RunningBroker
  /** What the broker logged at level warn and above. */
  readonly warnings: string[]
  readonly authority: MadeCertificate
  /** PEM of `authority`, as a file for clients that want one. */
  readonly caFile: string
  readonly #folder: string

  private constructor(parts: Pick<TlsBroker, 'broker' | 'warnings' | 'authority'>, folder: string) {
    this.broker = parts.broker
    this.warnings = parts.warnings
    this.authority = parts.authority
    this.caFile = join(folder, 'ca.pem')
    this.#folder = folder
  }

  /** All listeners on free ports; `wantsClients` makes the TLS ones ask for certificates. */
  static async start(
    options: Omit<StartOptions, 'logger'> = {},
    wantsClients = false,
  ): Promise<TlsBroker> {
    const folder = mkdtempSync(join(tmpdir(), 'pabal-tls-'))
    const authority = makeCertificate({ name: 'authority' })
    writeFileSync(join(folder, 'ca.pem'), authority.certificate)
    writeOwn(folder, makeCertificate({ name: 'broker', hosts, issuer: authority }))
    const { logger, warnings } = notingLogger()
    const ports = { ...otherPortsOff, amqpPort: 0, kafkaPort: 0, httpPort: 0 } as const
    const tlsPorts = { amqpTlsPort: 0, kafkaTlsPort: 0, httpTlsPort: 0 } as const
    const broker = await startBroker({
      data: join(folder, 'data'),
      logger,
      ...ports,
      ...tlsPorts,
      tlsCert: join(folder, 'broker.pem'),
      tlsKey: join(folder, 'broker-key.pem'),
      ...(wantsClients && { tlsClientCa: join(folder, 'ca.pem') }),
      ...options,
    })
    return new TlsBroker({ broker, warnings, authority }, folder)
  }

  port(service: string): number {
    return this.broker.addresses[service]?.port ?? 0
  }

  /** A certificate that `authority` signed, for a client. */
  clientCertificate(): MadeCertificate {
    return makeCertificate({ name: 'client', issuer: this.authority })
  }

  /** Puts another certificate and key into the broker's files. */
  renew(name: string): void {
    writeOwn(this.#folder, makeCertificate({ name, hosts, issuer: this.authority }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function writeOwn(folder: string, { certificate, key }: MadeCertificate): void {
  writeFileSync(join(folder, 'broker.pem'), certificate)
  writeFileSync(join(folder, 'broker-key.pem'), key)
}

function notingLogger(): { readonly logger: Logger; readonly warnings: string[] } {
  const warnings: string[] = []
  const logger = Object.create(silentLogger) as Logger
  const note = (...parts: readonly unknown[]): void =>
    void warnings.push(parts.map(String).join(' '))
  Object.assign(logger, { warn: note, error: note, fatal: note, child: () => logger })
  return { logger, warnings }
}
