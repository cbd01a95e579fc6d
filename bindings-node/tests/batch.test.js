'use strict'

// Many values at once: arrays of values, and packed columns.

const assert = require('node:assert/strict')
const { test, before, after } = require('node:test')
const fw = require('..')
const { fieldOf, optionsOf, schemaOf } = require('./common.js')

let keyring
before(async () => { keyring = await fw.Keyring.create(optionsOf()) })
after(() => keyring.close())

const field = (type, options) => keyring.field(schemaOf([fieldOf(type, options)]), 'x')
const failed = (code, row) => (error) => error instanceof fw.FieldwardError && error.code === code && error.row === row

const MANY = {
  text: ['a', '', null, 'Zoë', '🩺'],
  bytes: [Buffer.from([1]), Buffer.alloc(0), null],
  i64: [1, null, -(2n ** 63n)],
  f64: [0.5, null, -0, NaN],
  bool: [true, null, false],
  date: ['2024-02-29', null],
  timestamp: [new Date(0), null, '1969-07-20T20:17:40.000001'],
  decimal: ['-1.10', null],
  json: [{ a: [1] }, null, 'x'],
  uuid: ['0188f0aa-1111-7abc-8def-0123456789ab', null]
}

for (const [type, values] of Object.entries(MANY)) {
  for (const stored of ['bytes', 'text']) {
    test(`${type}, stored as ${stored}: many as one`, async () => {
      const x = field(type, { stored })
      const sealed = await x.encryptMany(values)
      assert.deepEqual(sealed.map((one) => x.decrypt(one)), values)
      assert.deepEqual(await x.decryptMany(values.map((one) => x.encrypt(one))), values)
      assert.deepEqual(await x.openMany(sealed), { values, failures: [], untrustedRows: 0 })
      assert.deepEqual([await x.encryptMany([]), await x.decryptMany([])], [[], []])
    })
  }
}

test('each value is bound to its record', async () => {
  const x = keyring.field(schemaOf([{ id: 'x', type: 'text', mode: 'randomized' }]), 'x')
  const sealed = await x.encryptMany(['a', 'b'], ['p-1', 'p-2'])
  assert.equal(x.decrypt(sealed[1], 'p-2'), 'b')
  assert.deepEqual(await x.decryptMany(sealed, ['p-1', 'p-2']), ['a', 'b'])
  await assert.rejects(x.decryptMany(sealed, ['p-1', 'p-1']), failed('authentication_failed', 1))
  const opened = await x.openMany(sealed, ['p-1', 'p-1'])
  assert.deepEqual(opened.values, ['a', null])
  assert(failed('authentication_failed', 1)(opened.failures[0]))
  await assert.rejects(x.encryptMany(['a']), { code: 'record_id_missing' })
  await assert.rejects(x.encryptMany(['a', 'b'], ['p-1']), { code: 'invalid_argument' })
  assert.throws(() => x.encryptMany(['a', 'b'], ['p-1', 7]), failed('record_id_invalid', 1))
  assert.throws(() => x.encryptMany(['a', 'b'], ['p-1', null]), failed('record_id_missing', 1))
})

test('what does not fit is named by its row', async () => {
  assert.throws(() => field('text').encryptMany(['a', 7]), failed('wrong_type', 1))
  assert.throws(() => field('text').encryptMany(['a', 'b', '\uD800']), failed('invalid_text', 2))
  assert.throws(() => field('text').decryptMany([null, 7]), failed('not_an_envelope', 1))
  await assert.rejects(field('text').decryptMany(['text']), failed('wrong_stored_form', 0))
  await assert.rejects(field('text').decryptMany([null, Buffer.from('plain')]), failed('not_an_envelope', 1))
  const once = await field('i64').encryptMany([1])
  await assert.rejects(field('bool').decryptMany(once), (error) => error.row === 0)
})

test('plaintext of before, which is text beside bytes', async () => {
  const x = field('text', { accepts: ['plaintext'] })
  assert.deepEqual(await x.openMany([x.encrypt('new'), 'old', null]), { values: ['new', 'old', null], failures: [], untrustedRows: 1 })
})

const pack = (rows) => ({
  data: Buffer.from(rows.filter((row) => row !== null).join('')),
  offsets: Int32Array.from([0, ...rows.map(((end) => (row) => (end += row === null ? 0 : Buffer.byteLength(row)))(0))]),
  validity: Uint8Array.from({ length: Math.ceil(rows.length / 8) }, (_, at) =>
    rows.slice(at * 8, at * 8 + 8).reduce((bits, row, bit) => bits | (row === null ? 0 : 1 << bit), 0))
})
const unpack = ({ data, offsets, validity }) => Array.from({ length: offsets.length - 1 }, (_, row) =>
  validity != null && (validity[row >> 3] >> (row & 7) & 1) === 0 ? null : Buffer.from(data).subarray(offsets[row], offsets[row + 1]).toString())

test('packed columns, short and long', async () => {
  const x = keyring.field(schemaOf([{ id: 'x', type: 'text', mode: 'randomized' }], { record_id: [{ path: 'id', type: 'i64' }] }), 'x')
  for (const rows of [['a', null, '', 'Zoë'], Array.from({ length: 40_000 }, (_, row) => row % 7 === 0 ? null : `row ${row}`), []]) {
    const ids = BigInt64Array.from(rows, (_, row) => BigInt(row))
    const sealed = await x.encryptColumn(pack(rows), ids)
    assert(sealed.offsets instanceof Int32Array)
    assert.deepEqual(unpack(await x.decryptColumn(sealed, ids)), rows)
    if (rows.length > 3) assert.equal(x.decrypt(Buffer.from(sealed.data).subarray(sealed.offsets[3], sealed.offsets[4]), 3), rows[3])
  }
  const named = keyring.field(schemaOf([{ id: 'x', type: 'text', mode: 'randomized' }]), 'x')
  const sealed = await named.encryptColumn(pack(['a', 'b']), pack(['p-1', 'p-2']))
  assert.deepEqual(unpack(await named.decryptColumn(sealed, pack(['p-1', 'p-2']))), ['a', 'b'])
  await assert.rejects(named.decryptColumn(sealed, pack(['p-1', 'p-1'])), failed('authentication_failed', 1))
  await assert.rejects(x.encryptColumn({ data: new Uint8Array(1), offsets: Int32Array.of(0, 2) }, BigInt64Array.of(1n)), { code: 'invalid_argument' })
  await assert.rejects(x.encryptColumn({ data: new Uint8Array(1), offsets: new Int32Array(0) }, new BigInt64Array(0)), { code: 'invalid_argument' })
  await assert.rejects(field('i64').encryptColumn(pack(['a'])), { code: 'wrong_type' })
})

test('buffers that change while they are encrypted change nothing', async () => {
  const x = field('text')
  const column = pack(['aaaa', 'bbbb'])
  const sealing = x.encryptColumn(column)
  column.data.fill(0)
  column.offsets.fill(9)
  assert.deepEqual(unpack(await x.decryptColumn(await sealing)), ['aaaa', 'bbbb'])
})
