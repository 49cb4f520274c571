// DescribeUserScramCredentials and AlterUserScramCredentials (KIP-554). Credentials are made with the password
// of a user, by whoever manages users, and are not changed from here.
import type { AccessControl } from '../../auth/access-control.ts'
import type { ScramExchange } from '../../auth/scram-exchange.ts'
import {
  type AlterUserScramCredentialsRequest,
  type AlterUserScramCredentialsResult,
  writeAlterUserScramCredentialsResult,
} from '../../codec/kafka/messages/alter-user-scram-credentials.gen.ts'
import {
  type CredentialInfo,
  type DescribeUserScramCredentialsRequest,
  type DescribeUserScramCredentialsResult,
  writeDescribeUserScramCredentialsResult,
} from '../../codec/kafka/messages/describe-user-scram-credentials.gen.ts'
import { authLimits } from '../../limits/auth.ts'
import { answerTo, KafkaRefusal, noError } from './error-code.ts'
import { clusterRefusal } from './permitted-on-cluster.ts'
import type { Handler, RequestContext } from './request-context.ts'
import { writeInSlices } from './write-in-slices.ts'

/** Kafka's numbers (KIP-554). */
const mechanismNumbers: Readonly<Record<ScramExchange['mechanism'], number>> = {
  'SCRAM-SHA-256': 1,
  'SCRAM-SHA-512': 2,
}

/** What is made of the password of the settings' user at its first login. */
const ownCredentials: readonly CredentialInfo[] = Object.values(mechanismNumbers).map(
  (mechanism) => ({ mechanism, iterations: authLimits.scramIterations }),
)

export const handleDescribeUserScramCredentials: Handler<'describeUserScramCredentials'> = async (
  request,
  context,
) => {
  const results = await writeInSlices(
    'describeUserScramCredentials',
    context,
    writeDescribeUserScramCredentialsResult,
    describeEach(request, context.broker.access),
  )
  return { throttleTimeMs: 0, errorCode: noError, errorMessage: null, results }
}

function* describeEach(
  { users }: DescribeUserScramCredentialsRequest,
  access: AccessControl,
): Generator<DescribeUserScramCredentialsResult, void> {
  // Kafka: without names all who have some.
  const named = users ?? access.users().filter(({ name }) => credentialsOf(access, name).length > 0)
  for (const [name, count] of countNames(named)) {
    yield describeUser(name, count > 1, credentialsOf(access, name))
  }
}

function credentialsOf(access: AccessControl, user: string): CredentialInfo[] {
  const kept = access.isOwn(user)
    ? ownCredentials
    : (access.findUser(user)?.scram ?? []).map(({ mechanism, iterations }) => {
        return { mechanism: mechanismNumbers[mechanism], iterations }
      })
  return [...kept]
}

function describeUser(
  user: string,
  isRepeated: boolean,
  credentialInfos: readonly CredentialInfo[],
): DescribeUserScramCredentialsResult {
  if (!isRepeated && credentialInfos.length > 0) {
    return { user, errorCode: noError, errorMessage: null, credentialInfos }
  }
  const refusal = isRepeated
    ? new KafkaRefusal(
        'DUPLICATE_RESOURCE',
        `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`,
      )
    : new KafkaRefusal(
        'RESOURCE_NOT_FOUND',
        `Attempt to describe a user credential that does not exist: ${user}`,
      )
  return { user, ...answerTo(refusal), credentialInfos: [] }
}

export const handleAlterUserScramCredentials: Handler<'alterUserScramCredentials'> = async (
  request,
  context,
) => {
  const results = await writeInSlices(
    'alterUserScramCredentials',
    context,
    writeAlterUserScramCredentialsResult,
    alterEach(request, context),
  )
  return { throttleTimeMs: 0, results }
}

function* alterEach(
  { deletions, upsertions }: AlterUserScramCredentialsRequest,
  { broker, access }: RequestContext,
): Generator<AlterUserScramCredentialsResult, void> {
  const made = new Set(upsertions.map(({ name }) => name))
  for (const [name, count] of countNames([...deletions, ...upsertions])) {
    if (!access.needsCluster('alter')) {
      yield { user: name, ...clusterRefusal }
      continue
    }
    const isThere = made.has(name) || credentialsOf(broker.access, name).length > 0
    yield alterUser(name, { isRepeated: count > 1, isThere })
  }
}

function alterUser(
  user: string,
  { isRepeated, isThere }: { readonly isRepeated: boolean; readonly isThere: boolean },
): AlterUserScramCredentialsResult {
  if (isRepeated) {
    const text = 'A user credential cannot be altered twice in the same request'
    return { user, ...answerTo(new KafkaRefusal('DUPLICATE_RESOURCE', text)) }
  }
  const refusal = isThere
    ? new KafkaRefusal(
        'UNACCEPTABLE_CREDENTIAL',
        `SCRAM credentials come with a password: set that with 'pabal user password'`,
      )
    : new KafkaRefusal(
        'RESOURCE_NOT_FOUND',
        'Attempt to delete a user credential that does not exist',
      )
  return { user, ...answerTo(refusal) }
}

function countNames(named: readonly { readonly name: string }[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { name } of named) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
