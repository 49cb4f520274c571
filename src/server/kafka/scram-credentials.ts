// DescribeUserScramCredentials (KIP-554): who logs in by SCRAM, and how. What is kept is shown to nobody.
import type { AccessControl } from '../../auth/access-control.ts'
import type { ScramExchange } from '../../auth/scram-exchange.ts'
import {
  type CredentialInfo,
  type DescribeUserScramCredentialsRequest,
  type DescribeUserScramCredentialsResult,
  writeDescribeUserScramCredentialsResult,
} from '../../codec/kafka/messages/describe-user-scram-credentials.gen.ts'
import { authLimits } from '../../limits/auth.ts'
import { answerTo, KafkaRefusal, noError } from './error-code.ts'
import type { Handler } from './request-context.ts'
import { writeInSlices } from './write-in-slices.ts'

/** Kafka's numbers (KIP-554). */
export const mechanismNumbers: Readonly<Record<ScramExchange['mechanism'], number>> = {
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
  // Kafka: without names, or with none of them, all who have some.
  const isOfAll = users === null || users.length === 0
  const named = isOfAll
    ? access.users().filter(({ name }) => credentialsOf(access, name).length > 0)
    : users
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

/** How often each user is named. */
export function countNames(named: readonly { readonly name: string }[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { name } of named) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}
