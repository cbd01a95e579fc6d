'use strict'

// The transformer and the subscriber, on TypeORM with SQLite.

const assert = require('node:assert/strict')
const { test, before, after } = require('node:test')
const { DataSource, EntitySchema } = require('typeorm')
const fw = require('..')
const { Table, matching, subscriber, tokens, transformer } = require('../adapters/typeorm.js')
const { fieldOf, optionsOf, schemaOf } = require('./common.js')

const code = (expected) => (error) => error instanceof fw.FieldwardError && error.code === expected

const free = schemaOf([{ id: 'insurance', type: 'text', mode: 'deterministic', stored: 'text' }, fieldOf('json', { id: 'note' })])
const bound = schemaOf([
  { id: 'ssn', type: 'text', mode: 'randomized', indexes: [{ name: 'exact', column: 'ssn_exact', transform: 'exact' }] },
  { id: 'born', type: 'date', mode: 'randomized', stored: 'text' }
])

class Patient {}

let keyring, source, patients, table
before(async () => {
  keyring = await fw.Keyring.create(optionsOf())
  table = new Table(keyring, bound)
  const entity = new EntitySchema({
    name: 'Patient',
    target: Patient,
    columns: {
      id: { type: 'text', primary: true },
      ward: { type: 'integer', nullable: true },
      insurance: { type: 'text', nullable: true, transformer: transformer(keyring, free, 'insurance') },
      note: { type: 'blob', nullable: true, transformer: transformer(keyring, free, 'note') },
      ssn: { type: 'blob', nullable: true },
      ssn_exact: { type: 'blob', nullable: true, unique: true },
      born: { type: 'text', nullable: true }
    }
  })
  source = new DataSource({ type: 'sqljs', synchronize: true, entities: [entity], subscribers: [] })
  source = await source.initialize()
  source.subscribers.push(subscriber(Patient, table))
  patients = source.getRepository(Patient)
})
after(async () => {
  await source?.destroy()
  keyring?.close()
})

const made = (values) => Object.assign(new Patient(), values)

test('what is written is envelopes, what is read is values', async () => {
  const given = { id: 'p-1', ward: 3, insurance: 'A 12', note: { a: 1 }, ssn: '999-41-1234', born: '1984-06-02' }
  const saved = await patients.save(made(given))
  assert.equal(saved.ssn, '999-41-1234')
  const [row] = await source.query('SELECT * FROM Patient')
  assert.equal(fw.inspect(row.insurance).isText, true)
  assert.equal(fw.inspect(row.born).isText, true)
  for (const cell of [row.ssn, row.note]) assert.equal(fw.inspect(cell).isText, false)
  assert.equal(row.ssn_exact.length, 16)
  const { ssn_exact: index, ...read } = await patients.findOneByOrFail({ id: 'p-1' })
  assert.equal(index, undefined)
  assert.deepEqual(read, given)
})

test('search by index and by tokens', async () => {
  await patients.insert({ id: 'p-2', ward: 3, insurance: 'A 12', ssn: '999-41-0002' })
  const ids = async (where) => (await patients.find({ where, order: { id: 'ASC' } })).map(({ id }) => id)
  assert.deepEqual(await ids(matching(table, 'ssn', '999-41-0002')), ['p-2'])
  assert.deepEqual(await ids(matching(table, 'ssn', '999-41-0002', '999-41-1234', 'x')), ['p-1', 'p-2'])
  assert.deepEqual(await ids(matching(table, 'ssn', 'x')), [])
  const insurance = keyring.field(free, 'insurance')
  assert.deepEqual(await ids({ insurance: tokens(insurance, 'A 12'), ward: 3 }), ['p-1', 'p-2'])
  await keyring.rotate({ activateImmediately: true })
  assert.deepEqual(await ids({ insurance: tokens(insurance, 'A 12') }), ['p-1', 'p-2'])
  assert.throws(() => matching(table, 'born', '1984-06-02'), code('wrong_field_mode'))
})

test('a changed entity is written anew, bound and indexed', async () => {
  const patient = await patients.findOneByOrFail({ id: 'p-1' })
  patient.ssn = '999-41-5555'
  await patients.save(patient)
  assert.equal(patient.ssn, '999-41-5555')
  assert.deepEqual((await patients.find({ where: matching(table, 'ssn', '999-41-5555') })).map(({ id, born }) => [id, born]), [['p-1', '1984-06-02']])
  assert.deepEqual(await patients.find({ where: matching(table, 'ssn', '999-41-1234') }), [])
  await assert.rejects(patients.save(made({ id: 'p-9', ssn: '999-41-5555' })), /UNIQUE/)
})

test('what the hook cannot see is refused', async () => {
  assert.throws(() => transformer(keyring, bound, 'ssn'), code('record_id_missing'))
  await assert.rejects(patients.update({ ward: 3 }, { ssn: 'x' }), code('record_id_missing'))
  await assert.rejects(patients.find({ select: { ssn: true } }), code('record_id_missing'))
  await patients.update({ ward: 3 }, { ward: 4 })
  assert.equal(await patients.countBy({ ward: 4 }), 2)
})
