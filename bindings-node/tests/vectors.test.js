'use strict'

// The golden vectors: every case in the library that Node loads, and through the package what takes no key; `keyed.test.js` has what does.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const path = require('node:path')
const { test, before, after } = require('node:test')
const fw = require('./testing.js')
const { ROOT, bytesOf, cases, optionsOf, outcome, textOf } = require('./common.js')

const ROOMS = { context: 44, derive: 13, envelope: 114, keyring: 239, record: 92, schema: 191, search: 175, suite: 34, value: 146 }

let keyring
before(async () => { keyring = await fw.Keyring.create(optionsOf()) })
after(() => keyring.close())

test('the rooms, and how many cases they have', () => {
  const rooms = fs.readdirSync(path.join(ROOT, 'core/vectors')).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5))
  assert.deepEqual(Object.fromEntries(rooms.sort().map((room) => [room, cases(room).length])), ROOMS)
})

/** JSON with integers that a `number` does not hold as `{big}`, and back. */
const exact = (json) => JSON.parse(json.replace(/(?<=[^\\]": ?)-?\d{16,}/g, '{"big":"$&"}'))
const asText = (value) => JSON.stringify(value).replace(/\{"big":"(-?\d+)"\}/g, '$1')

for (const room of Object.keys(ROOMS)) {
  test(`in the library: ${room}`, () => {
    const { cases } = exact(fs.readFileSync(path.join(ROOT, 'core/vectors', `${room}.json`), 'utf8'))
    assert.equal(cases.length, ROOMS[room])
    for (const { id, op, input, expect } of cases) assert.deepEqual(exact(fw.testingRunVector(room, op, asText(input))), expect, id)
  })
}

for (const { id, op, input, expect } of cases('envelope')) {
  if (op !== 'envelope_inspect') continue
  test(`envelope/${id}`, () => {
    const found = outcome(() => fw.inspect(input.envelope.text ?? bytesOf(input.envelope)))
    if (!found.error) assert.equal(found.isText, input.envelope.text !== undefined)
    const { suite, keyId, plaintextLen } = found
    assert.deepEqual(found.error ? found : { suite, key_id: keyId, plaintext_len: plaintextLen }, expect)
  })
}

const PLAIN = { name: 'primary', kind: 'local', key_name: 'k', params: {} }

/** The first provider that a document names, if it can be read that far. */
function providerOf (document) {
  try {
    const { providers = [PLAIN] } = JSON.parse(document.toString().split('\nhmac-sha256 ')[0])
    return providers.length === 0 ? undefined : { ...PLAIN, ...providers[0] }
  } catch {
    return PLAIN
  }
}

/** Whether one written in JavaScript can be it: it has no parameters in a document, and a name in ASCII. */
const isForJavaScript = (provider) => provider && Object.keys(provider.params).length === 0 && /^[ -~]+$/.test(provider.key_name)

// A document in a store, and the root that a provider of its kind and name unwraps.
const documents = cases('keyring').filter(({ op }) => op === 'keyring_document_open').map(({ id, input, expect }) => {
  const document = typeof input.document === 'string' ? Buffer.from(input.document) : bytesOf(input.document)
  return { id, input, expect, document, provider: providerOf(document) }
}).filter(({ provider }) => isForJavaScript(provider))

test('documents that a provider written in JavaScript may open', () => assert.equal(documents.length, 106))

for (const { id, input, expect, document, provider } of documents) {
  test(`keyring/${id}`, async () => {
    const unwraps = { kind: provider.kind, keyName: provider.key_name, wrap: () => Buffer.alloc(1), unwrap: () => bytesOf(input.root) }
    const opened = await fw.Keyring.open(optionsOf({
      id: input.keyring_id, providers: { [provider.name]: unwraps }, store: { load: () => document, save: () => false }
    })).catch((error) => ({ error: error.code }))
    if (opened.error) return assert.deepEqual(opened, expect)
    const status = await opened.status().catch((error) => ({ error: error.code }))
    opened.close()
    // a report is JSON, whose numbers JavaScript must hold
    if (expect.generation > Number.MAX_SAFE_INTEGER) return assert.deepEqual(status, { error: 'value_out_of_range' })
    assert.deepEqual([status.generation, status.epoch], [expect.generation, expect.epoch])
    const gone = (keys) => Object.keys(keys).map((number) => [Number(number), keys[number] === null])
    assert.deepEqual(status.versions.map(({ version, state }) => [version, state === 'destroyed']), gone(expect.data_keys))
    assert.deepEqual(status.index_keys.map(({ number, is_destroyed: isDestroyed }) => [number, isDestroyed]), gone(expect.index_keys))
  })
}

for (const { id, input, expect } of cases('schema')) {
  test(`schema/${id}`, () => {
    const parse = () => 'toml' in input ? fw.Schema.fromToml(textOf(input.toml)) : fw.Schema.fromJson(textOf(input.json))
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
