'use strict'

// Whole records, record ids, index columns, and search.

const assert = require('node:assert/strict')
const { test, before, after } = require('node:test')
const fw = require('..')
const { START, fieldOf, optionsOf, schemaOf } = require('./common.js')

let keyring
before(async () => { keyring = await fw.Keyring.create(optionsOf()) })
after(() => keyring.close())

const code = (expected) => (error) => error instanceof fw.FieldwardError && error.code === expected

test('a record comes back, without its index columns', () => {
  const patients = keyring.records(fw.Schema.patient())
  const record = { patient_id: 'p-7', ssn: '999-41-1234', email: null, phone_number: undefined, ward: 3, tags: ['a', { b: new Date(0) }] }
  const row = patients.encrypt(record)
  assert(Buffer.isBuffer(row.ssn))
  assert.equal(row.email, null)
  assert.equal(row.phone_number, undefined)
  assert.equal(row.tags, record.tags)
  assert.deepEqual(Object.keys(row).slice(0, Object.keys(record).length), Object.keys(record))
  assert(Buffer.isBuffer(row.ssn_exact))
  assert.deepEqual(patients.decrypt(row), record)
  assert.deepEqual(patients.open(row), { record, isTrusted: true })
  assert.equal(record.ssn, '999-41-1234')
})

test('an envelope is bound to its record and its field', () => {
  const schema = fw.Schema.patient()
  const [ssn, email] = [keyring.field(schema, 'ssn'), keyring.field(schema, 'email')]
  const stored = ssn.encrypt('999-41-1234', 'p-7')
  assert.equal(ssn.decrypt(stored, 'p-7'), '999-41-1234')
  assert.throws(() => ssn.decrypt(stored, 'p-8'), code('authentication_failed'))
  assert.throws(() => email.decrypt(stored, 'p-7'), code('authentication_failed'))
  assert.throws(() => ssn.decrypt(stored), code('record_id_missing'))
  assert.throws(() => ssn.encrypt('x', 7), code('record_id_invalid'))
  assert.throws(() => ssn.encrypt('x', ['p', 'q']), code('record_id_invalid'))
})

test('record ids of several parts, by the declared types', () => {
  const schema = schemaOf([{ id: 'x', type: 'text', mode: 'randomized' }], {
    record_id: [{ path: 'site', type: 'uuid' }, { path: 'number', type: 'i64' }]
  })
  const site = '0188f0aa-1111-7abc-8def-0123456789ab'
  const row = keyring.records(schema).encrypt({ site, number: 7, x: 'fine' })
  assert.equal(keyring.field(schema, 'x').decrypt(row.x, [site, 7n]), 'fine')
  assert.throws(() => keyring.field(schema, 'x').decrypt(row.x, [site, 8]), code('authentication_failed'))
  assert.throws(() => keyring.records(schema).encrypt({ site: 'no', number: 7, x: 'fine' }), code('record_id_invalid'))
})

test('nested paths: containers on the way are copies, everything else is the same', () => {
  const schema = schemaOf([fieldOf('text', { path: 'contacts[].phone', stored: 'text' })], { undeclared: 'clear' })
  const records = keyring.records(schema)
  const record = { id: 'p-7', contacts: [{ phone: '1', kind: { a: 1 } }, { phone: null }, {}], other: { z: 1 } }
  const row = records.encrypt(record)
  assert.equal(record.contacts[0].phone, '1')
  assert.equal(typeof row.contacts[0].phone, 'string')
  assert.notEqual(row.contacts[0].phone, '1')
  assert.equal(row.contacts[0].kind, record.contacts[0].kind)
  assert.equal(row.other, record.other)
  assert.deepEqual(records.decrypt(row), record)
})

test('what the schema does not know is refused', () => {
  const records = keyring.records(schemaOf([fieldOf('text', { required: true })]))
  assert.throws(() => records.encrypt({ id: 'p-7', x: 'a', y: 'b' }), code('undeclared_field'))
  assert.throws(() => records.encrypt({ id: 'p-7' }), code('missing_field'))
  for (const wrong of [null, [], 7, 'x', new Date(), Buffer.alloc(1), undefined]) {
    assert.throws(() => records.encrypt(wrong), code('record_shape'))
  }
})

test('a getter that throws is the caller\'s own error', () => {
  const records = keyring.records(schemaOf([fieldOf('text')]))
  const thrown = new Error('mine')
  assert.throws(() => records.encrypt({ id: 'p-7', get x () { throw thrown } }), (error) => error === thrown)
  assert.deepEqual(records.decrypt(records.encrypt({ id: 'p-7', get x () { return 'fine' } })), { id: 'p-7', x: 'fine' })
})

test('a getter that closes the keyring while it is used', async () => {
  const other = await fw.Keyring.create(optionsOf())
  const records = other.records(schemaOf([fieldOf('text')]))
  const row = records.encrypt({ id: 'p-7', get x () { other.close(); return 'fine' } })
  assert(Buffer.isBuffer(row.x))
  assert.throws(() => other.id, code('closed'))
})

test('own members of the name __proto__ stay members', () => {
  const records = keyring.records(schemaOf([fieldOf('text')], { undeclared: 'clear' }))
  const row = records.encrypt(JSON.parse('{"id": "p-7", "x": "a", "__proto__": {"polluted": true}}'))
  assert.equal(row.polluted, undefined)
  assert(Object.hasOwn(row, '__proto__'))
})

test('search: exact, words, and candidates that are confirmed', () => {
  const schema = schemaOf([{
    id: 'name', type: 'text', mode: 'randomized', indexes: [
      { name: 'exact', column: 'name_exact', transform: 'exact', normalizer: ['casefold'] },
      { name: 'start', column: 'name_start', transform: { first: 2 }, bits: 12, normalizer: ['casefold'], accept_leak: ['low_cardinality'] },
      { name: 'words', column: 'name_words', transform: 'words', normalizer: ['casefold'] }]
  }])
  const records = keyring.records(schema)
  const rows = ['Zoë Ångström', 'Zora Neale', null].map((name, at) => records.encrypt({ id: `p-${at}`, name }))
  const find = (index, value) => {
    const query = records.query('name', index, value)
    const has = (cell) => query.tokens.some((token) => token.equals(cell))
    return rows.filter((row) => [row[query.column]].flat().some((cell) => cell !== null && has(cell)))
      .filter((row) => query.isExact || records.matches('name', index, value, row)).map((row) => row.id)
  }
  assert.deepEqual(find('exact', 'ZOË ÅNGSTRÖM'), ['p-0'])
  assert.deepEqual(find('exact', 'nobody'), [])
  assert.deepEqual(find('start', 'zo'), ['p-0', 'p-1'])
  assert.deepEqual(find('words', 'neale'), ['p-1'])
  const name = keyring.field(schema, 'name')
  assert.deepEqual(name.indexValues('Zora Neale'), { name_exact: rows[1].name_exact, name_start: rows[1].name_start, name_words: rows[1].name_words })
  assert.deepEqual(name.query('exact', 'zora neale').tokens, records.query('name', 'exact', 'Zora Neale').tokens)
  assert.throws(() => name.query('exact', null), code('query_empty'))
  assert.throws(() => name.query('none', 'x'), code('unknown_index'))
})

test('deterministic fields: tokens find what was written under earlier keys', async () => {
  const other = await fw.Keyring.create(optionsOf())
  const insurance = other.field(schemaOf([{ id: 'insurance', type: 'text', mode: 'deterministic', stored: 'text' }]), 'insurance')
  const before = insurance.encrypt('A 12-34')
  assert.equal(insurance.encrypt('A 12-34'), before)
  await other.rotate({ activateImmediately: true })
  assert.notEqual(insurance.encrypt('A 12-34'), before)
  assert(insurance.tokens('A 12-34').includes(before))
  other.close()
})

test('rotation and re-encryption, of values and of rows', async () => {
  const clock = new fw.ManualClock(START)
  const other = await fw.Keyring.create(optionsOf({ clock }))
  const schema = fw.Schema.patient()
  const [patients, ssn] = [other.records(schema), other.field(schema, 'ssn')]
  const row = patients.encrypt({ patient_id: 'p-7', ssn: '999-41-1234' })
  assert.equal(await other.rotate({ after: 172_800 }), 2)
  assert.equal(patients.needsRotation(row), false)
  clock.advance(172_801)
  await other.refresh()
  assert.equal(patients.needsRotation(row), true)
  assert.equal(ssn.needsRotation(row.ssn), true)
  const moved = patients.reencrypt(row)
  assert.equal(patients.needsRotation(moved), false)
  assert.deepEqual(moved.ssn_exact, row.ssn_exact)
  assert.deepEqual(patients.decrypt(moved), { patient_id: 'p-7', ssn: '999-41-1234' })
  assert.throws(() => patients.reencrypt({ ...row, ssn_exact: Buffer.alloc(32) }), code('authentication_failed'))
  const single = ssn.reencrypt(row.ssn, 'p-7', undefined, 'p-8')
  assert.equal(single.isTrusted, true)
  assert.equal(ssn.decrypt(single.stored, 'p-8'), '999-41-1234')
  assert.deepEqual(single.indexValues.ssn_exact, row.ssn_exact)
  assert.notEqual(fw.inspect(moved.ssn).keyId, fw.inspect(row.ssn).keyId)
  other.close()
})
