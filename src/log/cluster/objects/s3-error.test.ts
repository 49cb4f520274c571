import assert from 'node:assert/strict'
import { test } from 'node:test'
import { s3Error } from './s3-error.ts'

test('an error of setting up says what to do, and others what the store said', () => {
  const none = { name: 'CredentialsProviderError', message: 'Could not load credentials' }
  const { kind, message } = s3Error('put a', none)
  assert.equal(kind, 'hopeless')
  assert.match(message, /^put a: CredentialsProviderError .*; give AWS_ACCESS_KEY_ID and /)
  const bucket = { name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 } }
  assert.match(s3Error('list', bucket).message, /^list: 404 NoSuchBucket; make the bucket/)
  const other = s3Error('get a', { name: 'SlowDown', message: 'later' })
  assert.deepEqual([other.kind, other.message], ['io', 'get a: SlowDown later'])
})
