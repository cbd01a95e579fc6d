'use strict'

// The golden vectors: every case of the rooms that a host language can reach, and how many they are.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test, before, after } = require('node:test')
const fw = require('..')
const { ROOT, cases, optionsOf, outcome } = require('./common.js')

// The others take keys, nonces or parts of documents, which no interface of the library takes.
const ROOMS = { schema: 191, record: 92 }
const LOWER = ['context', 'derive', 'envelope', 'keyring', 'search', 'suite', 'value']

let keyring
before(async () => { keyring = await fw.Keyring.create(optionsOf()) })
after(() => keyring.close())

test('the rooms, and how many cases they have', () => {
  const rooms = fs.readdirSync(path.join(ROOT, 'core/vectors')).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5))
  assert.deepEqual(rooms.sort(), [...Object.keys(ROOMS), ...LOWER].sort())
  for (const [room, count] of Object.entries(ROOMS)) assert.equal(cases(room).length, count, room)
})

const text = (source) => typeof source === 'string' ? source : source.repeat.repeat(source.times)

for (const { id, input, expect } of cases('schema')) {
  test(`schema/${id}`, () => {
    const parse = () => 'toml' in input ? fw.Schema.fromToml(text(input.toml)) : fw.Schema.fromJson(text(input.json))
    assert.deepEqual(outcome(() => ({ fields: parse().fields })), expect)
  })
}

const IS_TEXT = new Set(['date', 'timestamp', 'decimal', 'uuid'])

/** A record of JSON, with base64 of its own `bytes` fields as bytes; numbers past 2^53 - 1 of `i64` fields as `bigint`. */
function typed (source, kinds) {
  const record = JSON.parse(source)
  for (const [name, value] of Object.entries(record)) {
    if (kinds[name] === 'bytes' && typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value) {
      record[name] = Buffer.from(value, 'base64')
    }
    if (kinds[name] === 'i64' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      record[name] = BigInt(source.match(new RegExp(`"${name}"\\s*:\\s*(-?\\d+)`))[1])
    }
  }
  return record
}

for (const { id, op, input, expect } of cases('record')) {
  test(`record/${id}`, () => {
    const schema = fw.Schema.fromJson(input.schema)
    const declared = schema.fields.map((name) => schema.field(name))
    const kinds = Object.fromEntries(declared.filter(({ column }) => column != null).map(({ column, type }) => [column, type]))
    const records = keyring.records(schema, { exact: true })
    const handy = keyring.records(schema)
    const record = typed(input.record, kinds)
    const result = outcome(() => {
      const row = records.encrypt(record)
      if (op === 'record_encrypt') {
        assert.deepEqual(comparable(handy.decrypt(row)), comparable(record))
        return {
          encrypted: Object.keys(record).filter((name) => name in kinds && row[name] !== null),
          indexes: Object.fromEntries(Object.entries(row).filter(([name]) => !(name in record))
            .map(([name, value]) => [name, value === null ? 0 : Array.isArray(value) ? value.length : 1]))
        }
      }
      const changed = { ...row }
      for (const [name, change] of Object.entries(input.change)) {
        changed[name] = change !== null && typeof change === 'object' && 'cell' in change ? row[change.cell] : change
      }
      return { same: isSame(handy.decrypt(changed), record) }
    })
    assert.deepEqual(result, expected(kinds.x, expect))
  })
}

/** A moment that was given as text comes out as the `Date` that it is. */
const comparable = (record) => Object.fromEntries(Object.entries(record).map(([name, value]) =>
  [name, value instanceof Date || (typeof value === 'string' && /^\d{4}-.*T.*Z$/.test(value)) ? new Date(value).getTime() : value]))

function isSame (one, other) {
  try {
    assert.deepEqual(comparable(one), comparable(other))
    return true
  } catch {
    return false
  }
}

/** What JSON says of spellings, JavaScript says of types: text is no bytes; and it has one kind of number, in which 1 is 1.0. */
function expected (kind, expect) {
  if (expect.error !== 'value_not_canonical') return expect
  if (kind === 'bytes') return { error: 'wrong_type' }
  return kind === 'f64' ? { encrypted: ['x'], indexes: {} } : expect
}
