'use strict'

// The plug-in, on Mongoose with FerretDB.

const assert = require('node:assert/strict')
const { spawn } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { test, before, after } = require('node:test')
const mongoose = require('mongoose')
const fw = require('..')
const { Table, encrypted } = require('../adapters/mongoose.js')
const { fieldOf, optionsOf, schemaOf } = require('./common.js')

const code = (expected) => (error) => error instanceof fw.FieldwardError && error.code === expected
const { Mixed } = mongoose.Schema.Types

const declared = schemaOf([
  { id: 'ssn', type: 'text', mode: 'randomized', indexes: [{ name: 'exact', column: 'ssn_exact', transform: 'exact' }] },
  { id: 'insurance', type: 'text', mode: 'deterministic', stored: 'text' },
  fieldOf('json', { id: 'history' })
], { record_id: [{ path: '_id', type: 'text' }] })

let Patient, connection, keyring, server
before(async () => {
  const program = process.env.FIELDWARD_FERRETDB
  assert(program && fs.existsSync(program), 'missing: FerretDB (bindings-node/test.sh builds it, with Go)')
  server = spawn(program, [fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-'))], { stdio: ['pipe', 'pipe', 'ignore'] })
  const uri = await new Promise((resolve) => server.stdout.once('data', (line) => resolve(String(line).trim())))
  keyring = await fw.Keyring.create(optionsOf())
  connection = await mongoose.createConnection(uri, { dbName: 'test' }).asPromise()
  const schema = new mongoose.Schema({ ward: Number, ssn: Mixed, ssn_exact: { type: Mixed, unique: true, sparse: true }, insurance: Mixed, history: Mixed })
  schema.plugin(encrypted, { table: new Table(keyring, declared) })
  Patient = connection.model('Patient', schema)
  await Patient.init()
})
after(async () => {
  await connection?.close()
  server?.kill()
  keyring?.close()
})

const raw = (filter = {}) => Patient.collection.find(filter).toArray()
const wards = async (filter) => (await Patient.find(filter).sort({ ward: 1 })).map(({ ward }) => ward)

test('what is written is envelopes, what is read is values', async () => {
  const patient = new Patient({ ward: 1, ssn: '999-41-1234', insurance: 'A 12', history: { seen: ['a'] } })
  await patient.save()
  assert.equal(patient.ssn, '999-41-1234')
  assert.equal(patient.isModified(), false)
  const [row] = await raw()
  for (const cell of [row.ssn, row.history]) assert.equal(fw.inspect(Buffer.from(cell.buffer)).isText, false)
  assert.equal(fw.inspect(row.insurance).isText, true)
  assert.equal(row.ssn_exact.length(), 16)
  const found = await Patient.findById(patient._id)
  assert.deepEqual([found.ssn, found.insurance, found.history, found.ssn_exact], ['999-41-1234', 'A 12', { seen: ['a'] }, undefined])
  const lean = await Patient.findOne({ ward: 1 }).lean()
  assert.deepEqual([lean.ssn, lean.history], ['999-41-1234', { seen: ['a'] }])
})

test('filters search', async () => {
  const given = [{ ward: 2, ssn: '999-41-0002', insurance: 'A 12' }, new Patient({ ward: 3, insurance: 'B 1' })]
  const made = await Patient.insertMany(given)
  assert.deepEqual(made.map(({ ssn, insurance }) => [ssn, insurance]), [['999-41-0002', 'A 12'], [undefined, 'B 1']])
  assert.equal(given[0].ssn, '999-41-0002')
  await assert.rejects(Patient.insertMany([{ ward: 8, ssn: 7 }]), code('wrong_type'))
  await assert.rejects(Patient.create({ ward: 8, ssn: 7 }), code('wrong_type'))
  assert.deepEqual(await raw({ ward: 8 }), [])
  assert.deepEqual(await wards({ ssn: '999-41-0002' }), [2])
  assert.deepEqual(await wards({ ssn: { $in: ['999-41-0002', '999-41-1234'] } }), [1, 2])
  assert.deepEqual(await wards({ $or: [{ ssn: '999-41-0002' }, { insurance: 'B 1' }] }), [2, 3])
  assert.deepEqual(await wards({ insurance: 'A 12', ward: { $gt: 1 } }), [2])
  assert.deepEqual(await wards({ ssn: { $exists: false } }), [3])
  assert.equal(await Patient.countDocuments({ insurance: 'A 12' }), 2)
  assert.equal((await Patient.aggregate([{ $match: { ssn: '999-41-0002' } }])).length, 1)
  await assert.rejects(Patient.find({ history: 1 }), code('wrong_field_mode'))
  await assert.rejects(Patient.find({ ssn: { $regex: '41' } }), code('wrong_field_mode'))
  await assert.rejects(Patient.find().sort({ ssn: 1 }), code('wrong_field_mode'))
})

test('updates bind the record that the filter names', async () => {
  const { _id } = await Patient.findOne({ ward: 2 })
  await Patient.updateOne({ _id }, { ssn: '999-41-2222', $set: { insurance: 'C 1' } })
  assert.deepEqual(await wards({ ssn: '999-41-2222', insurance: 'C 1' }), [2])
  const found = await Patient.findOneAndUpdate({ _id }, { $set: { ssn: '999-41-3333' } }, { returnDocument: 'after' })
  assert.equal(found.ssn, '999-41-3333')
  found.ssn = '999-41-4444'
  await found.save()
  assert.deepEqual(await wards({ ssn: '999-41-4444' }), [2])
  await Patient.updateOne({ _id }, { $unset: { ssn: 1 } })
  assert.deepEqual(Object.keys((await raw({ ward: 2 }))[0]).filter((name) => name.startsWith('ssn')), [])
  await assert.rejects(Patient.updateMany({ ward: 3 }, { ssn: 'x' }), code('record_id_missing'))
  await assert.rejects(Patient.updateOne({ _id }, { $push: { ssn: 'x' } }), code('wrong_field_mode'))
  await assert.rejects(Patient.bulkWrite([{ insertOne: { document: { ssn: 'x' } } }]), code('wrong_field_mode'))
})

test('a unique index holds, and what failed has its values', async () => {
  const twin = new Patient({ ward: 9, ssn: '999-41-1234' })
  await assert.rejects(twin.save(), { code: 11000 })
  assert.equal(twin.ssn, '999-41-1234')
})
