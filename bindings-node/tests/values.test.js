'use strict'

// Typed values: what goes in comes out, as the same type, and what does not fit is refused by name.

const assert = require('node:assert/strict')
const { test, before, after } = require('node:test')
const fw = require('..')
const { fieldOf, optionsOf, schemaOf } = require('./common.js')

let keyring
before(async () => { keyring = await fw.Keyring.create(optionsOf()) })
after(() => keyring.close())

const field = (type, options, handle) => keyring.field(schemaOf([fieldOf(type, options)]), 'x', handle)
const refused = (code, kind) => (error) => {
  assert(error instanceof fw.FieldwardError)
  assert(error instanceof Error)
  assert.equal(error.code, code)
  if (kind) assert.equal(error.kind, kind)
  return true
}

const COME_BACK = {
  text: ['999-41-1234', '', 'Zoë Ångström', '🩺\0ש', '\uFFFD'],
  bytes: [Buffer.from([0, 255, 128]), Buffer.alloc(0)],
  i64: [0, -3, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)],
  f64: [0.1, 80, -0, Number.MIN_VALUE, -Infinity, NaN],
  bool: [true, false],
  date: ['2024-02-29', '0001-01-01', '9999-12-31'],
  timestamp: [new Date('2024-02-29T23:59:59.120Z'), new Date(-1), '1969-07-20T20:17:40.000001', '1996-12-19T16:39:57.123456-08:00',
    '2024-02-29T23:59:59.123456789+05:45'],
  decimal: ['-1.10', '12345678901234567890123456789012345678901234567890.0001', '7E+3'],
  json: [{ b: [1, null, 'é'], a: { c: true } }, [], 'none', 0.5, false, JSON.parse('{"__proto__": 1}')],
  uuid: ['0188f0aa-1111-7abc-8def-0123456789ab']
}

for (const [type, values] of Object.entries(COME_BACK)) {
  test(`${type} comes back`, () => {
    const x = field(type)
    for (const value of [...values, null, undefined]) assert.deepEqual(x.decrypt(x.encrypt(value)), value)
  })
}

test('bytes come from any Uint8Array, a part of a buffer too', () => {
  const x = field('bytes')
  const whole = new Uint8Array([1, 2, 3, 4])
  assert.deepEqual(x.decrypt(x.encrypt(whole.subarray(1, 3))), Buffer.from([2, 3]))
  for (const value of [new Uint16Array(2), new DataView(whole.buffer), whole.buffer, [1, 2], 'AQI=']) {
    assert.throws(() => x.encrypt(value), refused('wrong_type', 'input'))
  }
})

test('null is null and undefined is missing', () => {
  const x = field('text')
  assert.equal(x.encrypt(null), null)
  assert.equal(x.encrypt(undefined), undefined)
  assert.equal(x.decrypt(null), null)
  assert.equal(x.decrypt(undefined), undefined)
})

test('exact: integers are bigint and timestamps are text', () => {
  const integers = field('i64', {}, { exact: true })
  assert.equal(integers.decrypt(integers.encrypt(7)), 7n)
  const moments = field('timestamp', {}, { exact: true })
  assert.equal(moments.decrypt(moments.encrypt(new Date(0))), '1970-01-01T00:00:00.000Z')
  assert.equal(moments.decrypt(moments.encrypt('2024-02-29T23:59:59Z')), '2024-02-29T23:59:59Z')
})

const REFUSED = [
  ['text', 7, 'wrong_type'], ['text', Buffer.from('x'), 'wrong_type'], ['text', '\uD800', 'invalid_text'], ['text', 'a\uDC00b', 'invalid_text'],
  ['i64', 1.5, 'wrong_type'], ['i64', NaN, 'wrong_type'], ['i64', 2 ** 53, 'value_out_of_range'], ['i64', 2n ** 63n, 'value_out_of_range'],
  ['i64', -(2n ** 63n) - 1n, 'value_out_of_range'], ['i64', 2n ** 200n, 'value_out_of_range'], ['i64', '7', 'wrong_type'], ['i64', true, 'wrong_type'],
  ['f64', 1n, 'wrong_type'], ['f64', '1', 'wrong_type'],
  ['bool', 1, 'wrong_type'], ['bool', 'true', 'wrong_type'],
  ['date', new Date(), 'wrong_type'], ['date', '2024-2-9', 'value_not_canonical'], ['date', '2023-02-29', 'value_out_of_range'],
  ['timestamp', new Date(NaN), 'value_out_of_range'], ['timestamp', new Date(8.64e15), 'value_out_of_range'], ['timestamp', 0, 'wrong_type'],
  ['decimal', 1.1, 'wrong_type'], ['decimal', 'NaN', 'value_not_canonical'],
  ['json', { a: undefined }, 'value_not_canonical'], ['json', [new Date()], 'value_not_canonical'], ['json', NaN, 'value_not_canonical'],
  ['json', -0, 'value_not_canonical'], ['json', new Map(), 'value_not_canonical'], ['json', 1n, 'value_not_canonical'],
  // eslint-disable-next-line no-sparse-arrays
  ['json', [1, , 2], 'value_not_canonical'], ['json', () => 1, 'value_not_canonical'], ['json', '\uD800', 'value_not_canonical'], ['json', { '\uDC00': 1 }, 'value_not_canonical'],
  ['uuid', '0188F0AA-1111-7ABC-8DEF-0123456789AB', 'value_not_canonical'], ['uuid', 'no', 'value_not_canonical'],
  ['uuid', '0188f0aa11117abc8def0123456789ab', 'value_not_canonical'], ['uuid', '+188f0aa-1111-7abc-8def-0123456789ab', 'value_not_canonical'],
  ['text', Symbol('x'), 'wrong_type'], ['bytes', {}, 'wrong_type']
]

for (const [type, value, code] of REFUSED) {
  test(`${type} refuses ${String(typeof value === 'object' ? Object.prototype.toString.call(value) : typeof value === 'bigint' ? `${value}n` : JSON.stringify(value) ?? typeof value)}`, () => {
    assert.throws(() => field(type).encrypt(value), refused(code, 'input'))
  })
}

test('JSON with an integer that JavaScript cannot hold is refused, not rounded', () => {
  const { fromJson } = require('../lib/json.js')
  assert.throws(() => fromJson('{"a":9007199254740993}'))
  assert.throws(() => fromJson('[-9007199254740993]'))
  assert.deepEqual(fromJson('["9007199254740993", "\\"9007199254740993", 9007199254740991, 1e300, 0.12345678901234567890]'),
    ['9007199254740993', '"9007199254740993', 9007199254740991, 1e300, 0.12345678901234568])
})

test('stored as text: base64url in a string', () => {
  const x = field('text', { stored: 'text' })
  const stored = x.encrypt('999-41-1234')
  assert.match(stored, /^[A-Za-z0-9._-]+$/)
  assert.equal(x.decrypt(stored), '999-41-1234')
  assert.throws(() => x.decrypt(Buffer.from(stored)), refused('wrong_stored_form', 'envelope'))
  assert.throws(() => field('text').decrypt('999-41-1234'), refused('wrong_stored_form'))
  assert.throws(() => field('text').decrypt(7), refused('not_an_envelope'))
})

test('an error names its cause and never the data', () => {
  try {
    field('date').encrypt('secret-value')
    assert.fail()
  } catch (error) {
    assert(error instanceof fw.FieldwardError)
    assert.equal(error.name, 'FieldwardError')
    assert(!require('node:util').inspect(error).includes('secret-value'))
    assert(!JSON.stringify(error).includes('secret-value'))
  }
})
