// The Node part of the exchange between languages: core/vectors/exchange/README.md says what it writes and checks.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { FileStore, Keyring, LocalKeyProvider, Schema } from 'fieldward'

const USAGE = 'usage: exchange write DIR | exchange read DIR LANGUAGE...'
const inputs = JSON.parse(fs.readFileSync(new URL('../../core/vectors/exchange/inputs.json', import.meta.url), 'utf8'))
const schema = Schema.fromJson(JSON.stringify(inputs.schema))
const declared = Object.fromEntries(schema.fields.map((name) => [name, schema.field(name)]))

/** A value in the form of the vectors, as JavaScript has it. */
function valueOf ({ type, ...given }) {
  switch (type) {
    case 'bytes': return Buffer.from(given.hex, 'hex')
    case 'i64': return BigInt(given.number)
    case 'f64': return Buffer.from(given.bits, 'hex').readDoubleBE()
    case 'bool': return given.bool
    case 'json': return JSON.parse(given.text)
    default: return given.text
  }
}

/** A record of JSON with bytes and integers as JavaScript has them. */
function recordOf (record) {
  const typed = { ...record }
  for (const [name, value] of Object.entries(record)) {
    if (value === null) continue
    if (declared[name]?.type === 'bytes') typed[name] = Buffer.from(value, 'base64')
    if (declared[name]?.type === 'i64') typed[name] = BigInt(value)
  }
  return typed
}

function optionsOf (language, directory, provider) {
  return {
    id: `exchange-${language}`,
    providers: { primary: provider },
    store: new FileStore(path.join(directory, 'keys')),
    noPin: 'the keyring of another language is read once'
  }
}

const fieldsOf = (keyring) =>
  Object.fromEntries(schema.fields.map((name) => [name, keyring.field(schema, name, { exact: true })]))
const bound = (field, recordId) => declared[field].isBound ? valueOf(recordId) : undefined

function tokensOf (fields, { field, index, value }) {
  const tokens = index === null ? fields[field].tokens(valueOf(value)) : fields[field].query(index, valueOf(value)).tokens
  return tokens.sort()
}

async function write (directory) {
  fs.mkdirSync(directory, { recursive: true })
  const provider = LocalKeyProvider.createFile(path.join(directory, 'root.key'))
  const keyring = await Keyring.create(optionsOf('node', directory, provider))
  const [fields, records] = [fieldsOf(keyring), keyring.records(schema)]
  const corpus = { values: {}, records: [], tokens: {} }
  const half = Math.floor(inputs.values.length / 2)
  const store = (values, rows) => {
    for (const { id, field, value } of values) {
      corpus.values[id] = fields[field].encrypt(valueOf(value), bound(field, inputs.record_id))
    }
    corpus.records.push(...rows.map((row) => records.encrypt(recordOf(row))))
  }
  store(inputs.values.slice(0, half), inputs.records.slice(0, 2))
  await keyring.rotate({ activateImmediately: true })
  store(inputs.values.slice(half), inputs.records.slice(2))
  for (const query of inputs.queries) corpus.tokens[query.id] = tokensOf(fields, query)
  fs.writeFileSync(path.join(directory, 'corpus.json'), JSON.stringify(corpus, null, 2))
  keyring.close()
}

const refused = (call, what) => assert.throws(call, { code: 'authentication_failed' }, what)

function readValue (fields, { id, field, value }, stored) {
  const recordId = bound(field, inputs.record_id)
  // Deep equality in strict mode looks at types, at NaN and at the sign of zero.
  assert.deepStrictEqual(fields[field].decrypt(stored, recordId), valueOf(value), id)
  if (declared[field].isBound) {
    refused(() => fields[field].decrypt(stored, bound(field, inputs.other_record_id)), `${id} under another record id`)
  }
  const { type, mode } = declared[field]
  const twin = schema.fields.find((name) => name !== field && declared[name].type === type && declared[name].mode === mode)
  if (twin !== undefined) refused(() => fields[twin].decrypt(stored, recordId), `${id} in another field`)
}

async function read (language, directory) {
  const corpus = JSON.parse(fs.readFileSync(path.join(directory, 'corpus.json'), 'utf8'))
  const provider = LocalKeyProvider.fromFile(path.join(directory, 'root.key'))
  const keyring = await Keyring.open(optionsOf(language, directory, provider))
  const [fields, records] = [fieldsOf(keyring), keyring.records(schema, { exact: true })]
  assert.deepEqual(Object.keys(corpus).sort(), ['records', 'tokens', 'values'])
  assert.equal((await keyring.status()).versions.length, 2, 'versions')
  assert.deepEqual(Object.keys(corpus.values).sort(), inputs.values.map(({ id }) => id).sort())
  for (const item of inputs.values) readValue(fields, item, corpus.values[item.id])
  assert.equal(corpus.records.length, inputs.records.length)
  corpus.records.forEach((row, at) => {
    const record = records.decrypt(row)
    assert.deepStrictEqual({ ...record, id: Number(record.id) }, recordOf(inputs.records[at]))
  })
  assert.deepEqual(Object.keys(corpus.tokens).sort(), inputs.queries.map(({ id }) => id).sort())
  for (const query of inputs.queries) {
    const tokens = tokensOf(fields, query)
    assert.deepEqual(corpus.tokens[query.id].sort(), tokens, query.id)
    const found = corpus.records.filter((row) => tokens.includes(row[query.column])).map(({ id }) => id)
    assert.deepEqual(found, query.finds, query.id)
  }
  keyring.close()
}

const [command, directory, ...languages] = process.argv.slice(2)
if (command === 'write' && directory !== undefined && languages.length === 0) {
  await write(path.join(directory, 'node'))
} else if (command === 'read' && languages.length > 0) {
  for (const language of languages) {
    try {
      await read(language, path.join(directory, language))
    } catch (error) {
      console.error(`node reads ${language}: ${error.message}`)
      process.exit(1)
    }
  }
} else {
  console.error(USAGE)
  process.exit(1)
}
