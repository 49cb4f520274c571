import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { test } from 'node:test'
import { seededRandom } from '../testing/seeded-random.ts'
import { AccessControl } from './access-control.ts'
import { ScramExchange } from './scram-exchange.ts'
import { ScramKeeper } from './scram-keeper.ts'

const serverNonce = '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'

/** RFC 7677, section 3: user "user", password "pencil". */
const example = {
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  salt: 'W22ZaJ0SNY7soEsUEjb6gQ==',
  clientFinal: `c=biws,r=rOprNGfwEbeRWgbNEkqO${serverNonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`,
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
} as const

/** Keys of that password with that salt, derived by RFC 5802's formulas. */
function exampleKeys(): { storedKey: string; serverKey: string } {
  const salted = pbkdf2Sync('pencil', Buffer.from(example.salt, 'base64'), 4096, 32, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  return {
    storedKey: createHash('sha256').update(clientKey).digest('base64'),
    serverKey: createHmac('sha256', salted).update('Server Key').digest('base64'),
  }
}

function challenged(): ScramExchange {
  // The example's nonce is no base64, so it stands for the bytes and for what they are encoded as.
  const random = { ...seededRandom(1), bytes: () => ({ toString: () => serverNonce }) as never }
  const exchange = new ScramExchange('SCRAM-SHA-256', random)
  assert.equal(exchange.begin(Buffer.from(example.clientFirst)), 'user')
  const keys = exampleKeys()
  const kept = { mechanism: 'SCRAM-SHA-256', salt: example.salt, iterations: 4096 } as const
  const answer = exchange.challenge({ ...kept, ...keys })
  assert.equal(answer.toString(), `r=rOprNGfwEbeRWgbNEkqO${serverNonce},s=${example.salt},i=4096`)
  return exchange
}

test('answers as in the example of RFC 7677', () => {
  const exchange = challenged()
  const answer = exchange.finish(Buffer.from(example.clientFinal))
  assert.equal(answer?.toString(), example.serverFinal)
})

test('takes no wrong proof, nonce or binding, and no second try', () => {
  const { clientFinal } = example
  for (const wrong of [
    clientFinal.replace('p=d', 'p=e'),
    clientFinal.replace('p=dHzb', 'p='),
    clientFinal.replace('hvYD', 'hvYE'),
    clientFinal.replace('biws', 'eSws'),
    clientFinal.slice(0, -60),
    '',
  ]) {
    const exchange = challenged()
    assert.equal(exchange.finish(Buffer.from(wrong)), undefined, wrong)
    assert.equal(exchange.finish(Buffer.from(clientFinal)), undefined)
  }
})

const secret = Buffer.from('a secret of the broker')

test('reads names with escapes, and refuses what it does not serve', () => {
  const begin = (message: string): string | undefined =>
    new ScramExchange('SCRAM-SHA-256', seededRandom(1)).begin(Buffer.from(message))
  assert.equal(begin('n,,n=a=2Cb=3Dc,r=x'), 'a,b=c')
  assert.equal(begin('y,a=u,n=u,r=x,ext=1'), 'u')
  for (const wrong of ['p=tls-unique,,n=u,r=x', 'n,a=other,n=u,r=x', 'n,,n=u', 'n,,n=u,r=', '']) {
    assert.equal(begin(wrong), undefined, wrong)
  }
})

test('whoever does not exist is challenged like anybody, always with the same salt', async () => {
  const keeper = new ScramKeeper(new AccessControl(), seededRandom(2), secret)
  const first = await keeper.secretOf('nobody', 'SCRAM-SHA-512')
  const again = await keeper.secretOf('nobody', 'SCRAM-SHA-512')
  const other = await keeper.secretOf('somebody', 'SCRAM-SHA-512')
  assert.deepEqual([first.salt, first.iterations], [again.salt, 4096])
  assert.notEqual(first.salt, other.salt)
  assert.notEqual(first.storedKey, again.storedKey)
})

test("no other process tells users from nobody: salts are the same there, also the settings' user's", async () => {
  const keepers = [1, 2].map((seed) => {
    const access = new AccessControl()
    const row = { name: 'own', tags: [], passwordHash: '' }
    access.setOwn({ ...row, hashingAlgorithm: 'rabbit_password_hashing_sha256' })
    const keeper = new ScramKeeper(access, seededRandom(seed), secret)
    keeper.setOwn(Buffer.from('password'))
    return keeper
  })
  for (const user of ['own', 'nobody']) {
    const [here, there] = await Promise.all(
      keepers.map((keeper) => keeper.secretOf(user, 'SCRAM-SHA-256')),
    )
    assert.deepEqual([here?.salt, here?.iterations], [there?.salt, there?.iterations])
  }
  const elsewhere = new ScramKeeper(new AccessControl(), seededRandom(1), Buffer.from('other'))
  const [here, there] = await Promise.all(
    [keepers[0]!, elsewhere].map((keeper) => keeper.secretOf('nobody', 'SCRAM-SHA-256')),
  )
  assert.notEqual(here?.salt, there?.salt)
})
