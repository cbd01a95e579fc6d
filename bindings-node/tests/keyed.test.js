'use strict'

// The golden vectors that state keys, through the package: values, tokens and index values under a keyring that has these keys.

const assert = require('node:assert/strict')
const { test, after } = require('node:test')
const fw = require('..')
const { cases, optionsOf, outcome, textOf } = require('./common.js')
const { connected } = require('./document.js')

/** Keyrings by their keys, opened once. */
const opened = new Map()
const keyringOf = (keys) => {
  const name = JSON.stringify(keys)
  const bytes = (hex) => hex && Buffer.from(hex, 'hex')
  const { keyId, dataKey, indexKey } = keys
  if (!opened.has(name)) opened.set(name, fw.Keyring.open(optionsOf(connected({ keyId, dataKey: bytes(dataKey), indexKey: bytes(indexKey) }))))
  return opened.get(name)
}
after(async () => { for (const keyring of opened.values()) (await keyring).close() })

/** A value of the vectors, as JavaScript has it with `exact`. */
const valueOf = (value) => {
  if (value === null) return null
  const { type, text, hex, number, bits, bool } = value
  switch (type) {
    case 'bytes': return Buffer.from(hex, 'hex')
    case 'i64': return BigInt(number)
    case 'f64': return Buffer.from(bits, 'hex').readDoubleBE()
    case 'bool': return bool
    case 'json': return JSON.parse(text)
    default: return textOf(text)
  }
}

/** The one field that a case is about, of a record id with these parts. */
function schemaOf ({ table, field, record = null }, declared) {
  const id = record === null ? { record_binding: 'none' } : { record_id: record.map(({ type }, at) => ({ path: `r${at}`, type })) }
  const { record_binding: binding, ...top } = id
  const bound = binding && declared.mode === 'randomized' ? { record_binding: binding } : {}
  return fw.Schema.fromJson(JSON.stringify({
    format: 'fieldward-schema', version: 1, table, record_id: [{ path: 'r', type: 'text' }], ...top, fields: [{ id: field, ...declared, ...bound }]
  }))
}
const tenantOf = ({ tenant }) => tenant === null ? {} : { tenant }
const idOf = ({ record }) => record?.map(valueOf) ?? null

/** What is known of it without its key: the suite and the key's id. */
const headOf = (envelope) => ({ isDeterministic: envelope.startsWith('82'), keyId: envelope.slice(2, 10) })

const envelopes = cases('envelope').filter(({ op }) => op !== 'envelope_inspect')
// JavaScript has one type for text and dates: neither is refused for the other.
const isText = (type) => type === 'text' || type === 'date'
const isOneType = ({ type, value }) => value === null || value.type === type || !isText(value.type) || !isText(type)
const indexes = cases('search').filter(({ op, input }) => (op === 'search_index' || op === 'search_query') && isOneType(input))
test('how many there are', () => assert.deepEqual([envelopes.length, indexes.length], [82, 62]))

for (const { id, op, input, expect } of envelopes) {
  test(`envelope/${id}`, async () => {
    const { isDeterministic, keyId } = op === 'envelope_open' ? headOf(input.envelope) : { isDeterministic: true, keyId: input.key_id }
    const keyring = await keyringOf({ keyId: /^[0-9a-f]{8}$/.test(keyId) ? keyId : undefined, dataKey: input.data_key })
    const type = (input.value ?? expect.value)?.type ?? 'text'
    const result = outcome(() => {
      const declared = { type, mode: isDeterministic ? 'deterministic' : 'randomized' }
      if (input.padding) declared.padding = { block: input.padding }
      if (type === 'bool') declared.accept_leak = ['low_cardinality']
      const x = keyring.field(schemaOf(input.place, declared), input.place.field, { ...tenantOf(input.place), exact: true })
      if (op === 'envelope_open') return { value: x.decrypt(Buffer.from(input.envelope, 'hex'), isDeterministic ? undefined : idOf(input.place)) }
      return { envelope: x.encrypt(valueOf(input.value)).toString('hex') }
    })
    if (expect.value) return assert.deepEqual(result, { value: valueOf(expect.value) })
    const { text, ...envelope } = expect
    assert.deepEqual(result, envelope)
    if (text) assert.equal(`fw1.${Buffer.from(result.envelope, 'hex').toString('base64url')}`, text)
  })
}

for (const { id, op, input, expect } of indexes) {
  test(`search/${id}`, async () => {
    const keyring = await keyringOf({ indexKey: input.index_key })
    const { type, place } = input
    const { domain, ...index } = input.index
    if (domain) index.search_domain = domain
    const result = outcome(() => {
      const declared = { type, mode: 'randomized', indexes: [{ name: 'i', column: 'c', ...index }] }
      const x = keyring.field(schemaOf({ ...place, record: null }, declared), place.field, tenantOf(place))
      const hex = (value) => Array.isArray(value) ? value.map(hex) : value?.toString('hex') ?? null
      if (op === 'search_index') return { value: hex(x.indexValues(valueOf(input.value)).c) }
      const { tokens, isExact } = x.query('i', valueOf(input.value))
      return { tokens: hex(tokens), is_exact: isExact }
    })
    assert.deepEqual(result, expect)
  })
}
