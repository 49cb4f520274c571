import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemRandom } from '../lib/random.ts'
import { VirtualClock } from '../testing/virtual-clock.ts'
import { S3Double } from './s3-double.ts'

async function openDouble(
  t: TestContext,
  folder?: string,
): Promise<{ double: S3Double; bucket: string; clock: VirtualClock; folder: string }> {
  const path = folder ?? (await mkdtemp(join(tmpdir(), 'pabal-s3-')))
  const clock = new VirtualClock(Date.UTC(2026, 10, 30, 3, 0, 0))
  const double = await S3Double.open({ folder: path, clock, random: systemRandom })
  t.after(async () => {
    await double.close()
    await rm(path, { recursive: true, force: true })
  })
  return { double, bucket: `${double.url}/bucket`, clock, folder: path }
}

test('objects are put, read by ranges, listed with their ages and deleted, over plain HTTP', async (t) => {
  const { bucket, clock } = await openDouble(t)
  const put = await fetch(`${bucket}/a%2Fb%20c/d`, { method: 'PUT', body: 'hello' })
  assert.equal(put.status, 200)
  assert.equal(put.headers.get('etag'), '"5d41402abc4b2a76b9719d911017c592"')
  clock.advance(90_000)
  const range = { headers: { range: 'bytes=1-3' } }
  const got = await fetch(`${bucket}/a/b%20c/d`, range)
  assert.deepEqual(
    [got.status, got.headers.get('content-range'), await got.text()],
    [206, 'bytes 1-3/5', 'ell'],
  )
  const head = await fetch(`${bucket}/a/b%20c/d`, { method: 'HEAD' })
  assert.equal(head.headers.get('content-length'), '5')
  assert.equal(head.headers.get('last-modified'), 'Mon, 30 Nov 2026 03:00:00 GMT')
  assert.equal(head.headers.get('date'), 'Mon, 30 Nov 2026 03:01:30 GMT')
  const list = await (await fetch(`${bucket}?list-type=2&prefix=a/`)).text()
  assert.match(list, /<Key>a\/b c\/d<\/Key><LastModified>2026-11-30T03:00:00.000Z<\/LastModified>/)
  const behind = await fetch(`${bucket}/a/b%20c/d`, { headers: { range: 'bytes=5-9' } })
  assert.equal(behind.status, 416)
  assert.equal((await fetch(`${bucket}/a/b%20c/d`, { method: 'DELETE' })).status, 204)
  const gone = await fetch(`${bucket}/a/b%20c/d`)
  assert.deepEqual([gone.status, /<Code>NoSuchKey</.test(await gone.text())], [404, true])
})

test('many objects are deleted at once', async (t) => {
  const { bucket } = await openDouble(t)
  for (const key of ['a', 'b&c', 'd']) {
    await fetch(`${bucket}/${encodeURIComponent(key)}`, { method: 'PUT', body: key })
  }
  const body = '<Delete><Object><Key>a</Key></Object><Object><Key>b&amp;c</Key></Object></Delete>'
  const answer = await fetch(`${bucket}?delete`, { method: 'POST', body })
  assert.match(await answer.text(), /<Deleted><Key>b&amp;c<\/Key><\/Deleted>/)
  const list = await (await fetch(`${bucket}?list-type=2`)).text()
  assert.deepEqual(
    Array.from(list.matchAll(/<Key>([^<]*)</g), ([, key]) => key),
    ['d'],
  )
})

test('objects outlive the process, what was left half does not', async (t) => {
  const first = await openDouble(t)
  await fetch(`${first.bucket}/a`, { method: 'PUT', body: 'one' })
  await fetch(`${first.bucket}/a`, { method: 'PUT', body: 'second' })
  await first.double.close()
  await writeFile(join(first.folder, 'half.bin'), 'half')
  const next = await openDouble(t, first.folder)
  assert.equal(await (await fetch(`${next.bucket}/a`)).text(), 'second')
  assert.equal((await readdir(first.folder)).length, 2)
})

test('what it does not know it refuses', async (t) => {
  const { bucket } = await openDouble(t)
  assert.equal((await fetch(`${bucket}?acl`)).status, 501)
  assert.equal((await fetch(bucket, { method: 'PUT' })).status, 501)
  const wrong = { method: 'PUT', body: 'hello', headers: { 'x-amz-checksum-crc32c': 'AAAAAA==' } }
  const answer = await fetch(`${bucket}/a`, wrong)
  assert.match(await answer.text(), /<Code>BadDigest</)
  assert.equal((await fetch(`${bucket}/a`)).status, 404)
})
