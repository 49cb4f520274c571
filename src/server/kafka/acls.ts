// DescribeAcls, CreateAcls and DeleteAcls, as a Kafka without an authorizer answers them: rights are RabbitMQ's
// permissions, which ACLs cannot say.
import {
  type AclCreationResult,
  type CreateAclsRequest,
  writeAclCreationResult,
} from '../../codec/kafka/messages/create-acls.gen.ts'
import {
  type DeleteAclsFilterResult,
  type DeleteAclsRequest,
  writeDeleteAclsFilterResult,
} from '../../codec/kafka/messages/delete-acls.gen.ts'
import { codeOf, type ErrorAnswer } from './error-code.ts'
import type { Handler } from './request-context.ts'
import { writeInSlices } from './write-in-slices.ts'

const refusal: ErrorAnswer = {
  errorCode: codeOf('SECURITY_DISABLED'),
  errorMessage: 'No Authorizer is configured.',
}

export const handleDescribeAcls: Handler<'describeAcls'> = () => ({
  throttleTimeMs: 0,
  ...refusal,
  resources: [],
})

export const handleCreateAcls: Handler<'createAcls'> = async (request, context) => ({
  throttleTimeMs: 0,
  results: await writeInSlices(
    'createAcls',
    context,
    writeAclCreationResult,
    refusedCreations(request),
  ),
})

function* refusedCreations({ creations }: CreateAclsRequest): Generator<AclCreationResult, void> {
  for (let left = creations.length; left > 0; left--) yield refusal
}

export const handleDeleteAcls: Handler<'deleteAcls'> = async (request, context) => ({
  throttleTimeMs: 0,
  filterResults: await writeInSlices(
    'deleteAcls',
    context,
    writeDeleteAclsFilterResult,
    refusedFilters(request),
  ),
})

function* refusedFilters({ filters }: DeleteAclsRequest): Generator<DeleteAclsFilterResult, void> {
  for (let left = filters.length; left > 0; left--) yield { ...refusal, matchingAcls: [] }
}
