// DescribeUserScramCredentials and AlterUserScramCredentials (KIP-554). Users log in with SASL PLAIN: nobody
// has credentials for SCRAM, and none can be made.
import {
  type AlterUserScramCredentialsRequest,
  type AlterUserScramCredentialsResult,
  writeAlterUserScramCredentialsResult,
} from '../../codec/kafka/messages/alter-user-scram-credentials.gen.ts'
import {
  type DescribeUserScramCredentialsRequest,
  type DescribeUserScramCredentialsResult,
  writeDescribeUserScramCredentialsResult,
} from '../../codec/kafka/messages/describe-user-scram-credentials.gen.ts'
import { answerTo, KafkaRefusal, noError } from './error-code.ts'
import type { Handler } from './request-context.ts'
import { writeInSlices } from './write-in-slices.ts'

export const handleDescribeUserScramCredentials: Handler<'describeUserScramCredentials'> = async (
  request,
  context,
) => {
  const results = await writeInSlices(
    'describeUserScramCredentials',
    context,
    writeDescribeUserScramCredentialsResult,
    describeEach(request),
  )
  return { throttleTimeMs: 0, errorCode: noError, errorMessage: null, results }
}

function* describeEach({
  users,
}: DescribeUserScramCredentialsRequest): Generator<DescribeUserScramCredentialsResult, void> {
  for (const [name, count] of countNames(users ?? [])) yield describeUser(name, count > 1)
}

function describeUser(user: string, isRepeated: boolean): DescribeUserScramCredentialsResult {
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
    alterEach(request),
  )
  return { throttleTimeMs: 0, results }
}

function* alterEach({
  deletions,
  upsertions,
}: AlterUserScramCredentialsRequest): Generator<AlterUserScramCredentialsResult, void> {
  const made = new Set(upsertions.map(({ name }) => name))
  for (const [name, count] of countNames([...deletions, ...upsertions])) {
    yield alterUser(name, { isRepeated: count > 1, isMade: made.has(name) })
  }
}

function alterUser(
  user: string,
  { isRepeated, isMade }: { readonly isRepeated: boolean; readonly isMade: boolean },
): AlterUserScramCredentialsResult {
  if (isRepeated) {
    const text = 'A user credential cannot be altered twice in the same request'
    return { user, ...answerTo(new KafkaRefusal('DUPLICATE_RESOURCE', text)) }
  }
  const refusal = isMade
    ? new KafkaRefusal(
        'UNSUPPORTED_SASL_MECHANISM',
        'This broker has no SCRAM mechanism: users log in with PLAIN',
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
