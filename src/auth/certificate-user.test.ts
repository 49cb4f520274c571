import assert from 'node:assert/strict'
import { test } from 'node:test'
import { userOfCertificate } from './certificate-user.ts'

test('the subject is written as RFC 4514 does, the last part first', () => {
  const subject = 'C=KR\nO=Shop\\, Ltd\nOU=a + UID=7\nCN=app'
  const user = userOfCertificate({ subject }, 'distinguished-name')
  assert.equal(user, 'CN=app,OU=a+UID=7,O=Shop\\, Ltd,C=KR')
})

test('the common name is the last one, without escapes', () => {
  const name = (subject: string): string | undefined =>
    userOfCertificate({ subject }, 'common-name')
  assert.equal(name('CN=first\nO=x\nCN=last'), 'last')
  assert.equal(name('O=x\nUID=1 + CN=a\\,b\\+c'), 'a,b+c')
  assert.equal(name('CN=\\ED\\8C\\8C'), '파')
  assert.equal(name('O=x'), undefined)
})

test('a certificate without a subject names nobody', () => {
  assert.equal(userOfCertificate({ subject: '' }, 'distinguished-name'), undefined)
})
