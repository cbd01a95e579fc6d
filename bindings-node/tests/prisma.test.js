'use strict'

// The client extension, on Prisma with SQLite.

const assert = require('node:assert/strict')
const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { test, before, after } = require('node:test')
const fw = require('..')
const { Table, encrypted } = require('../adapters/prisma.js')
const { optionsOf } = require('./common.js')

const FOLDER = path.join(__dirname, 'prisma')
const code = (expected) => (error) => error instanceof fw.FieldwardError && error.code === expected

const PATIENT = {
  format: 'fieldward-schema', version: 1, table: 'patients', record_id: [{ path: 'id', type: 'text' }], clear: ['ward'],
  fields: [
    { id: 'ssn', type: 'text', mode: 'randomized', indexes: [{ name: 'exact', column: 'ssn_exact', transform: 'exact' }] },
    { id: 'insurance', type: 'text', mode: 'deterministic', stored: 'text' },
    { id: 'note', type: 'json', mode: 'randomized' }]
}
const VISIT = {
  format: 'fieldward-schema', version: 1, table: 'visits', record_id: [{ path: 'id', type: 'i64' }], clear: ['patient_id'],
  fields: [{ id: 'finding', type: 'text', mode: 'randomized' }]
}

/** The client that Prisma generates. Its generator asks for an engine that it does not use. */
async function generated () {
  const stub = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-')), 'engine')
  fs.writeFileSync(stub, '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  const bin = path.join(__dirname, '../node_modules/.bin')
  const run = (program, ...args) => execFileSync(path.join(bin, program), args, {
    cwd: FOLDER, env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: stub, PRISMA_HIDE_UPDATE_MESSAGE: '1', CHECKPOINT_DISABLE: '1' }, stdio: 'pipe'
  })
  run('prisma', 'generate')
  run('tsc', '-p', '.')
  return import('./prisma/build/client.js')
}

let keyring, plain, prisma
before(async () => {
  const { PrismaClient } = await generated()
  const { PrismaLibSql } = require('@prisma/adapter-libsql')
  const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-')), 'test.db')
  plain = new PrismaClient({ adapter: new PrismaLibSql({ url: `file:${file}` }) })
  await plain.$executeRawUnsafe('CREATE TABLE Patient (id TEXT PRIMARY KEY, ward INTEGER, ssn BLOB, ssn_exact BLOB UNIQUE, insurance TEXT, note BLOB)')
  await plain.$executeRawUnsafe('CREATE TABLE Visit (id INTEGER PRIMARY KEY, patient_id TEXT NOT NULL REFERENCES Patient (id), finding BLOB)')
  keyring = await fw.Keyring.create(optionsOf())
  const schema = (declared) => fw.Schema.fromJson(JSON.stringify(declared))
  prisma = plain.$extends(encrypted({
    Patient: { table: new Table(keyring, schema(PATIENT)), relations: { visits: 'Visit' } },
    Visit: { table: new Table(keyring, schema(VISIT)), relations: { patient: 'Patient' } }
  }))
})
after(async () => {
  await plain?.$disconnect()
  keyring?.close()
})

test('what is written is envelopes, what is read is values', async () => {
  const made = await prisma.patient.create({
    data: {
      id: 'p-1', ward: 3, ssn: '999-41-1234', insurance: 'A 12', note: { seen: ['a'] },
      visits: { create: [{ id: 1, finding: 'fine' }, { id: 2, finding: null }] }
    },
    include: { visits: true }
  })
  const expected = {
    id: 'p-1', ward: 3, ssn: '999-41-1234', insurance: 'A 12', note: { seen: ['a'] },
    visits: [{ id: 1, patient_id: 'p-1', finding: 'fine' }, { id: 2, patient_id: 'p-1', finding: null }]
  }
  assert.deepEqual(made, expected)
  const row = await plain.patient.findUnique({ where: { id: 'p-1' }, include: { visits: true } })
  for (const cell of [row.ssn, row.note, row.visits[0].finding]) assert.equal(fw.inspect(cell).isText, false)
  assert.equal(row.ssn_exact.length, 16)
  assert.equal(fw.inspect(row.insurance).isText, true)
  assert.deepEqual(await prisma.patient.findUnique({ where: { id: 'p-1' }, include: { visits: true } }), expected)
  const { visits, ...patient } = expected
  assert.deepEqual(await prisma.visit.findFirst({ where: { id: 1 }, include: { patient: true } }), { ...visits[0], patient })
})

test('where searches, through AND, NOT and relations', async () => {
  await prisma.patient.createMany({ data: [{ id: 'p-2', ward: 3, ssn: '999-41-0002', insurance: 'A 12' }, { id: 'p-3', ward: 4, ssn: null, insurance: 'B 1' }] })
  const found = async (where) => (await prisma.patient.findMany({ where, orderBy: { id: 'asc' } })).map(({ id }) => id)
  assert.deepEqual(await found({ ssn: '999-41-0002' }), ['p-2'])
  assert.deepEqual(await found({ ssn: { in: ['999-41-0002', '999-41-1234', 'x'] } }), ['p-1', 'p-2'])
  assert.deepEqual(await found({ ssn: { in: [] } }), [])
  assert.deepEqual(await found({ ssn: null }), ['p-3'])
  assert.deepEqual(await found({ ssn: { not: null } }), ['p-1', 'p-2'])
  assert.deepEqual(await found({ ssn: { not: '999-41-0002' } }), ['p-1'])
  assert.deepEqual(await found({ insurance: 'A 12', ward: 3 }), ['p-1', 'p-2'])
  assert.deepEqual(await found({ OR: [{ insurance: { equals: 'B 1' } }, { NOT: { ssn: { notIn: ['999-41-1234'] } } }] }), ['p-1', 'p-3'])
  assert.equal(await prisma.patient.count({ where: { insurance: 'A 12' } }), 2)
  assert.equal((await prisma.visit.findMany({ where: { patient: { is: { ssn: '999-41-1234' } } } })).length, 2)
  assert.deepEqual((await prisma.patient.findMany({ include: { visits: { where: { id: 2 } } }, where: { id: 'p-1' } }))[0].visits.map(({ id }) => id), [2])
  await assert.rejects(found({ note: { equals: 1 } }), code('wrong_field_mode'))
  await assert.rejects(found({ ssn: { contains: '41' } }), code('wrong_field_mode'))
  await assert.rejects(prisma.patient.findMany({ orderBy: { ssn: 'asc' } }), code('wrong_field_mode'))
  await assert.rejects(prisma.patient.findUnique({ where: { ssn: '999-41-1234' } }), code('wrong_field_mode'))
})

test('a unique index holds', async () => {
  await assert.rejects(prisma.patient.create({ data: { id: 'p-9', ssn: '999-41-0002' } }), { code: 'P2002' })
})

test('updates bind the record that where names', async () => {
  await prisma.patient.update({ where: { id: 'p-2' }, data: { ssn: { set: '999-41-2222' }, visits: { create: { id: 3, finding: 'new' } } } })
  assert.equal((await prisma.patient.findFirst({ where: { ssn: '999-41-2222' } })).id, 'p-2')
  await prisma.patient.update({ where: { id: 'p-2' }, data: { visits: { update: { where: { id: 3 }, data: { finding: 'newer' } } } } })
  assert.equal((await prisma.visit.findUnique({ where: { id: 3 } })).finding, 'newer')
  const upsert = (ssn) => prisma.patient.upsert({ where: { id: 'p-5' }, create: { id: 'p-5', ssn }, update: { ssn } })
  assert.equal((await upsert('1')).ssn, '1')
  assert.equal((await upsert('2')).ssn, '2')
  await prisma.patient.updateMany({ where: { ward: 4 }, data: { ward: 5, insurance: 'C 1' } })
  assert.equal((await prisma.patient.findFirst({ where: { insurance: 'C 1' } })).id, 'p-3')
  await assert.rejects(prisma.patient.updateMany({ where: { ward: 5 }, data: { ssn: 'x' } }), code('record_id_missing'))
  await assert.rejects(prisma.patient.update({ where: { id: 'p-2' }, data: { id: 'p-6' } }), code('record_id_unexpected'))
  await assert.rejects(prisma.patient.create({ data: { id: 'p-7', ssn_exact: Buffer.alloc(32) } }), code('record_shape'))
  assert.equal((await prisma.patient.delete({ where: { id: 'p-5' } })).ssn, '2')
})

test('a select without the id is refused', async () => {
  await assert.rejects(prisma.patient.findMany({ select: { ssn: true } }), code('record_id_missing'))
  assert.deepEqual(await prisma.patient.findFirst({ select: { id: true, ssn: true }, where: { id: 'p-1' } }), { id: 'p-1', ssn: '999-41-1234' })
})

test('searches go on through a rotation', async () => {
  await keyring.rotate({ activateImmediately: true })
  await prisma.patient.create({ data: { id: 'p-8', insurance: 'A 12' } })
  assert.deepEqual((await prisma.patient.findMany({ where: { insurance: 'A 12' }, orderBy: { id: 'asc' } })).map(({ id }) => id), ['p-1', 'p-2', 'p-8'])
})
