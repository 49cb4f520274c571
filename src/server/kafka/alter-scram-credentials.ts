// AlterUserScramCredentials (KIP-554). A user who is not there yet is made: it logs in by SCRAM only, and may do what
// ACLs and permissions say. The password by which a user logs in otherwise stays what it is, as Kafka's PLAIN knows
// nothing of SCRAM. The checks, their order and their texts are those of Kafka's ScramControlManager.
import { ownHashing } from '../../auth/password-hash.ts'
import type { ScramExchange } from '../../auth/scram-exchange.ts'
import { scramSecretOf } from '../../auth/scram-secret.ts'
import { changeAccess, whyNoMoreUsers } from '../../broker/change-access.ts'
import {
  type AlterUserScramCredentialsRequest,
  type AlterUserScramCredentialsResult,
  type ScramCredentialDeletion,
  type ScramCredentialUpsertion,
  writeAlterUserScramCredentialsResult,
} from '../../codec/kafka/messages/alter-user-scram-credentials.gen.ts'
import type { Steps } from '../../lib/slices.ts'
import { authLimits } from '../../limits/auth.ts'
import type { Ticket } from '../../log/ticket.ts'
import { answerTo, KafkaRefusal, noError } from './error-code.ts'
import { clusterRefusal } from './permitted-on-cluster.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { countNames, mechanismNumbers } from './scram-credentials.ts'
import { untilCaughtUp, untilDurable } from './until-durable.ts'
import { ItemWriter } from './write-in-slices.ts'

type Alteration = ScramCredentialDeletion | ScramCredentialUpsertion

export const handleAlterUserScramCredentials: Handler<'alterUserScramCredentials'> = async (
  request,
  context,
) => ({ throttleTimeMs: 0, results: await context.slices.run(alterEach(request, context)) })

function* alterEach(
  { deletions, upsertions }: AlterUserScramCredentialsRequest,
  context: RequestContext,
): Steps<readonly AlterUserScramCredentialsResult[]> {
  const writer = new ItemWriter(
    'alterUserScramCredentials',
    context,
    writeAlterUserScramCredentialsResult,
  )
  const isPermitted = context.access.needsCluster('alter')
  const tickets = new Set<Ticket | undefined>()
  const counts = countNames([...deletions, ...upsertions])
  for (const alteration of [...deletions, ...upsertions]) {
    const { name: user } = alteration
    const count = counts.get(user)
    // However often a user is named, it has one answer.
    if (count === undefined) continue
    counts.delete(user)
    yield* untilCaughtUp(context)
    if (!isPermitted) {
      writer.add({ user, ...clusterRefusal })
      continue
    }
    try {
      if (count > 1) throw repeated()
      tickets.add(alter(alteration, context))
      writer.add({ user, errorCode: noError, errorMessage: null })
    } catch (error) {
      writer.add({ user, ...answerTo(error) })
    }
    yield
  }
  yield* untilDurable(tickets)
  return writer.finish()
}

function repeated(): KafkaRefusal {
  const text = 'A user credential cannot be altered twice in the same request'
  return new KafkaRefusal('DUPLICATE_RESOURCE', text)
}

function alter(alteration: Alteration, context: RequestContext): Ticket | undefined {
  const { name, mechanism: number } = alteration
  if (name === '') throw unacceptable('Username must not be empty')
  const mechanism = mechanismOf(number)
  if (context.broker.access.isOwn(name)) {
    throw unacceptable(`'${name}' is the user of the settings: see --user and --password-file`)
  }
  return 'salt' in alteration
    ? put(alteration, mechanism, context)
    : remove(name, mechanism, context)
}

function mechanismOf(number: number): ScramExchange['mechanism'] {
  const mechanisms = Object.keys(mechanismNumbers) as ScramExchange['mechanism'][]
  const mechanism = mechanisms.find((each) => mechanismNumbers[each] === number)
  if (mechanism !== undefined) return mechanism
  throw new KafkaRefusal('UNSUPPORTED_SASL_MECHANISM', 'Unknown SCRAM mechanism')
}

function put(
  { name, iterations, salt, saltedPassword }: ScramCredentialUpsertion,
  mechanism: ScramExchange['mechanism'],
  { broker, logger, client }: RequestContext,
): Ticket | undefined {
  if (iterations < authLimits.scramIterations) throw unacceptable('Too few iterations')
  if (iterations > authLimits.scramIterationsMax) throw unacceptable('Too many iterations')
  if (Buffer.byteLength(name) > authLimits.nameSizeMax) {
    throw unacceptable(`The name of a user has at most ${authLimits.nameSizeMax} bytes`)
  }
  if (salt.length > authLimits.scramSaltSizeMax) throw unacceptable('Too long a salt')
  const before = broker.access.findUser(name)
  const full = before === undefined ? whyNoMoreUsers(broker) : undefined
  if (full !== undefined) throw unacceptable(full)
  const secret = scramSecretOf(mechanism, { salt, iterations, saltedPassword })
  const others = (before?.scram ?? []).filter((each) => each.mechanism !== mechanism)
  const row = {
    ...(before ?? { name, tags: [], passwordHash: '', hashingAlgorithm: ownHashing }),
    scram: [...others, secret],
  }
  logger.info({ user: client.sasl.principal?.user, for: name, mechanism }, 'SCRAM credential set')
  return changeAccess(broker, [{ kind: 'user', op: 'put', row }])
}

function remove(
  name: string,
  mechanism: ScramExchange['mechanism'],
  { broker, logger, client }: RequestContext,
): Ticket | undefined {
  const before = broker.access.findUser(name)
  const isThere = before?.scram?.some((each) => each.mechanism === mechanism) ?? false
  if (before === undefined || !isThere) {
    throw new KafkaRefusal(
      'RESOURCE_NOT_FOUND',
      'Attempt to delete a user credential that does not exist',
    )
  }
  const scram = before.scram?.filter((each) => each.mechanism !== mechanism)
  const { user } = client.sasl.principal ?? {}
  logger.info({ user, for: name, mechanism }, 'SCRAM credential deleted')
  return changeAccess(broker, [{ kind: 'user', op: 'put', row: { ...before, scram } }])
}

function unacceptable(text: string): KafkaRefusal {
  return new KafkaRefusal('UNACCEPTABLE_CREDENTIAL', text)
}
