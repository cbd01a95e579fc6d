'use strict'

// The column type, on Drizzle with SQLite.

const assert = require('node:assert/strict')
const { test, before, after } = require('node:test')
const { createClient } = require('@libsql/client')
const { eq, inArray, isNull, relations } = require('drizzle-orm')
const { drizzle } = require('drizzle-orm/libsql')
const { blob, customType, integer, sqliteTable, text } = require('drizzle-orm/sqlite-core')
const fw = require('..')
const { Table, encrypted, tokens } = require('../adapters/drizzle.js')
const { fieldOf, optionsOf, schemaOf } = require('./common.js')

const schema = schemaOf([
  { id: 'insurance', type: 'text', mode: 'deterministic', stored: 'text' },
  fieldOf('json', { id: 'note', stored: 'text' }),
  fieldOf('timestamp', { id: 'seen' }),
  { id: 'ssn', type: 'text', mode: 'randomized', indexes: [{ name: 'exact', column: 'ssn_exact', transform: 'exact' }] }
])

let client, db, keyring, patients, visits
before(async () => {
  keyring = await fw.Keyring.create(optionsOf())
  const column = (type, name) => encrypted(customType, type, keyring, schema, name)(name)
  patients = sqliteTable('patients', { id: text('id').primaryKey(), insurance: column('text', 'insurance'), note: column('text', 'note'), seen: column('blob', 'seen') })
  visits = sqliteTable('visits', { id: integer('id').primaryKey(), patient: text('patient').notNull(), ssn: blob('ssn'), ssn_exact: blob('ssn_exact') })
  const ofPatients = relations(patients, ({ many }) => ({ visits: many(visits) }))
  const ofVisits = relations(visits, ({ one }) => ({ of: one(patients, { fields: [visits.patient], references: [patients.id] }) }))
  client = createClient({ url: ':memory:' })
  await client.execute('CREATE TABLE patients (id TEXT PRIMARY KEY, insurance TEXT UNIQUE, note TEXT, seen BLOB)')
  await client.execute('CREATE TABLE visits (id INTEGER PRIMARY KEY, patient TEXT NOT NULL, ssn BLOB, ssn_exact BLOB)')
  db = drizzle(client, { schema: { patients, visits, ofPatients, ofVisits } })
})
after(() => {
  client?.close()
  keyring?.close()
})

test('what is written is envelopes, what is read is values', async () => {
  const row = { id: 'p-1', insurance: 'A 12', note: { seen: [1] }, seen: new Date(0) }
  await db.insert(patients).values([row, { id: 'p-2', insurance: 'B 1', note: null, seen: null }])
  assert.deepEqual(await db.select().from(patients).where(eq(patients.id, 'p-1')), [row])
  const { rows: [stored] } = await client.execute("SELECT * FROM patients WHERE id = 'p-1'")
  assert.equal(fw.inspect(stored.insurance).isText, true)
  assert.equal(fw.inspect(stored.note).isText, true)
  assert.equal(fw.inspect(new Uint8Array(stored.seen)).isText, false)
  await db.update(patients).set({ note: ['new'] }).where(eq(patients.id, 'p-2'))
  assert.deepEqual((await db.select({ note: patients.note, seen: patients.seen }).from(patients).where(isNull(patients.seen))), [{ note: ['new'], seen: null }])
  await assert.rejects(db.insert(patients).values({ id: 'p-3', insurance: 'A 12' }), 'unique')
})

test('relational queries, with fields that are stored as text', async () => {
  await db.insert(visits).values({ id: 1, patient: 'p-1' })
  const [visit] = await db.query.visits.findMany({ columns: { id: true }, with: { of: { columns: { insurance: true, note: true } } } })
  assert.deepEqual(visit, { id: 1, of: { insurance: 'A 12', note: { seen: [1] } } })
})

test('tokens find what was written under earlier keys', async () => {
  const insurance = keyring.field(schema, 'insurance')
  assert.equal((await db.select().from(patients).where(eq(patients.insurance, 'A 12'))).length, 1)
  await keyring.rotate({ activateImmediately: true })
  assert.equal((await db.select().from(patients).where(eq(patients.insurance, 'A 12'))).length, 0)
  assert.deepEqual((await db.select().from(patients).where(inArray(patients.insurance, tokens(insurance, 'A 12', 'none')))).map(({ id }) => id), ['p-1'])
})

test('a field that binds its record is no column type: a table seals and opens its rows', async () => {
  assert.throws(() => encrypted(customType, 'blob', keyring, schema, 'ssn'), { code: 'record_id_missing' })
  const bound = schemaOf([{ id: 'ssn', type: 'text', mode: 'randomized', indexes: [{ name: 'exact', column: 'ssn_exact', transform: 'exact' }] }],
    { record_id: [{ path: 'id', type: 'i64' }] })
  const table = new Table(keyring, bound)
  await db.insert(visits).values(table.seal({ id: 2, patient: 'p-2', ssn: '999-41-1234' }))
  const found = await db.select().from(visits).where(inArray(visits.ssn_exact, table.search('ssn', '999-41-1234').tokens))
  assert.deepEqual(found.map((row) => table.open(row)), [{ id: 2, patient: 'p-2', ssn: '999-41-1234' }])
})

test('PostgreSQL: relational queries give bytea as text, which opens too', async () => {
  const { PGlite } = require('@electric-sql/pglite')
  const { drizzle } = require('drizzle-orm/pglite')
  const pg = require('drizzle-orm/pg-core')
  const notes = pg.pgTable('notes', { id: pg.integer('id').primaryKey(), of: pg.integer('of'), seen: encrypted(pg.customType, 'bytea', keyring, schema, 'seen')('seen') })
  const ofNotes = relations(notes, ({ one }) => ({ first: one(notes, { fields: [notes.of], references: [notes.id] }) }))
  const server = new PGlite()
  try {
    await server.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, "of" INTEGER, seen BYTEA)')
    const db = drizzle(server, { schema: { notes, ofNotes } })
    const rows = [{ id: 1, of: null, seen: new Date(0) }, { id: 2, of: 1, seen: null }]
    await db.insert(notes).values(rows)
    assert.deepEqual(await db.select().from(notes), rows)
    assert.deepEqual((await db.query.notes.findMany({ with: { first: true } }))[1], { ...rows[1], first: rows[0] })
  } finally {
    await server.close()
  }
})
