import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authLimits } from '../limits/auth.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { LoginBrake } from './login-brake.ts'

const { wrongLoginsAtOnce, wrongLoginEveryMs, wrongLoginWaitMsMax, wrongLoginAddressesMax } =
  authLimits

function waits(brake: LoginBrake, address: string, count: number): number[] {
  return Array.from({ length: count }, () => brake.onWrongLogin(address))
}

test('some wrong logins are answered at once, the others one after the other', () => {
  const brake = new LoginBrake(new VirtualClock())
  assert.deepEqual(new Set(waits(brake, '10.0.0.1', wrongLoginsAtOnce)), new Set([0]))
  assert.deepEqual(
    waits(brake, '10.0.0.1', 3),
    [1, 2, 3].map((count) => count * wrongLoginEveryMs),
  )
})

test('an address that waits gets its answers at once again', () => {
  const clock = new VirtualClock()
  const brake = new LoginBrake(clock)
  waits(brake, '10.0.0.1', wrongLoginsAtOnce)
  clock.advance(2 * wrongLoginEveryMs)
  assert.deepEqual(waits(brake, '10.0.0.1', 3), [0, 0, wrongLoginEveryMs])
})

test('no answer waits longer than the limit, and nothing adds up behind it', () => {
  const clock = new VirtualClock()
  const brake = new LoginBrake(clock)
  assert.equal(Math.max(...waits(brake, '10.0.0.1', 10_000)), wrongLoginWaitMsMax)
  clock.advance(wrongLoginWaitMsMax + wrongLoginEveryMs)
  assert.equal(brake.onWrongLogin('10.0.0.1'), 0)
})

test('addresses do not wait for each other, but those of one IPv6 network do', () => {
  const brake = new LoginBrake(new VirtualClock())
  waits(brake, '2001:db8::1', wrongLoginsAtOnce)
  assert.equal(brake.onWrongLogin('10.0.0.1'), 0)
  assert.equal(brake.onWrongLogin('2001:db8:0:1::1'), 0)
  assert.equal(brake.onWrongLogin('2001:db8::2'), wrongLoginEveryMs)
})

test('the number of addresses that are remembered is limited: the oldest is forgotten', () => {
  const brake = new LoginBrake(new VirtualClock())
  waits(brake, 'first', wrongLoginsAtOnce)
  waits(brake, 'second', wrongLoginsAtOnce)
  for (let count = 0; count < wrongLoginAddressesMax - 1; count++) brake.onWrongLogin(`${count}`)
  assert.equal(brake.onWrongLogin('second'), wrongLoginEveryMs)
  assert.equal(brake.onWrongLogin('first'), 0)
})
