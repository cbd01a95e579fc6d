'use strict'

// Keyrings: open, close, life cycle, reports; and that no key shows.

const assert = require('node:assert/strict')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const util = require('node:util')
const { test } = require('node:test')
const fw = require('..')
const { START, fieldOf, optionsOf, schemaOf } = require('./common.js')

const code = (expected) => (error) => error instanceof fw.FieldwardError && error.code === expected
const folder = () => fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-'))

test('a key file and a file store: what one process wrote another opens', async () => {
  const root = folder()
  const options = (provider) => ({
    id: 'clinic', providers: { primary: provider }, store: new fw.FileStore(path.join(root, 'keys')), pin: new fw.FilePin(path.join(root, 'pins'))
  })
  const file = path.join(root, 'root.key')
  const made = await fw.Keyring.create(options(fw.LocalKeyProvider.createFile(file)))
  const schema = schemaOf([fieldOf('text')])
  const stored = made.field(schema, 'x').encrypt('fine')
  made.close()
  assert.throws(() => fw.LocalKeyProvider.createFile(file), code('provider_unavailable'))
  const again = await fw.Keyring.open(options(fw.LocalKeyProvider.fromFile(file)))
  assert.equal(again.field(schema, 'x').decrypt(stored), 'fine')
  again.close()
  await assert.rejects(fw.Keyring.open(options(fw.LocalKeyProvider.generate())), code('provider_mismatch'))
  await assert.rejects(fw.Keyring.open({ ...options(fw.LocalKeyProvider.fromFile(file)), id: 'other' }), code('keyring_not_found'))
  fs.chmodSync(file, 0o644)
  assert.throws(() => fw.LocalKeyProvider.fromFile(file), code('key_file_permissions'))
})

test('a passphrase', async () => {
  const store = new fw.MemoryStore()
  const options = (secret) => optionsOf({ store, providers: { primary: new fw.PassphraseProvider('office', secret, { iterations: 100_000 }) } })
  const made = await fw.Keyring.create(options('correct horse'))
  made.close()
  const again = await fw.Keyring.open(options(Buffer.from('correct horse')))
  again.close()
  await assert.rejects(fw.Keyring.open(options('wrong horse!')), code('provider_wrong_key'))
  assert.throws(() => new fw.PassphraseProvider('office', 'correct horse', { hash: 'md5' }), code('invalid_argument'))
  assert.throws(() => new fw.PassphraseProvider('office', 'correct horse', { iterations: 1 }), code('iterations_out_of_range'))
})

test('options that are missing or wrong are named', async () => {
  for (const [options, named] of [[{}, 'id'], [{ id: 'clinic' }, 'store'], [{ ...optionsOf(), providers: undefined }, 'providers'],
    [{ ...optionsOf(), refreshAfter: -1 }, 'refreshAfter'], [{ ...optionsOf(), refreshAfter: 'soon' }, 'refreshAfter'],
    [{ ...optionsOf(), audit: [{}] }, 'audit sink'], [{ ...optionsOf(), store: {} }, 'store'], [{ ...optionsOf(), providers: { primary: {} } }, 'provider']]) {
    assert.throws(() => fw.Keyring.create(options), (error) => code('invalid_argument')(error) && error.message.includes(named))
  }
  assert.throws(() => fw.Keyring.create({ ...optionsOf(), backend: 'none' }), code('invalid_argument'))
  await assert.rejects(fw.Keyring.create({ ...optionsOf(), id: '../clinic' }), code('invalid_name'))
})

test('closed: every handle says so, and work under way ends', async () => {
  const keyring = await fw.Keyring.create(optionsOf())
  const schema = schemaOf([fieldOf('text')])
  const [field, records, reading] = [keyring.field(schema, 'x'), keyring.records(schema), keyring.readingAs('dr-who', 'treatment')]
  const rotating = keyring.rotate({ activateImmediately: true })
  keyring.close()
  keyring.close()
  assert.equal(await rotating, 2)
  for (const use of [() => field.encrypt('x'), () => field.decrypt(null), () => records.encrypt({ id: 'a', x: 'x' }), () => keyring.field(schema, 'x'),
    () => keyring.rotate(), () => keyring.id, () => reading.id, () => keyring.metrics(), () => field.id]) {
    assert.throws(use, code('closed'))
  }
})

test('suspend, resume, compromise, allow', async () => {
  const clock = new fw.ManualClock(START)
  const keyring = await fw.Keyring.create(optionsOf({ clock }))
  const schema = schemaOf([fieldOf('text')])
  const x = keyring.field(schema, 'x')
  const stored = x.encrypt('fine')
  await keyring.rotate({ activateImmediately: true })
  await keyring.suspend(1, 'looked at')
  assert.throws(() => x.decrypt(stored), code('key_suspended'))
  await keyring.resume(1, 'all well')
  assert.equal(x.decrypt(stored), 'fine')
  await keyring.markCompromised(1, 'leaked')
  assert.throws(() => x.decrypt(stored), code('key_compromised'))
  const allowed = keyring.allow('compromised', 're-encryption').field(schema, 'x')
  assert.deepEqual(allowed.open(stored), { value: 'fine', keyId: fw.inspect(stored).keyId, isTrusted: false })
  assert.throws(() => keyring.allow('active', 'x'), code('invalid_argument'))
  await assert.rejects(keyring.suspend(9, 'x'), code('version_unknown'))
  const status = await keyring.status()
  assert.deepEqual(status.versions.map(({ state }) => state), ['compromised', 'active'])
  keyring.close()
})

test('destruction is confirmed by the key id', async () => {
  const keyring = await fw.Keyring.create(optionsOf())
  const x = keyring.field(schemaOf([fieldOf('text')]), 'x')
  const stored = x.encrypt('fine')
  await keyring.rotate({ activateImmediately: true })
  await keyring.markCompromised(1, 'leaked')
  const keyId = fw.inspect(stored).keyId
  await assert.rejects(keyring.destroy({ version: 1, keyId: '00000000', reason: 'x', waiveExports: 'none made' }), code('confirmation_required'))
  await assert.rejects(keyring.destroy({ version: 1, reason: 'x' }), code('invalid_argument'))
  await keyring.destroy({ version: 1, keyId, reason: 'retention is over', waiveExports: 'none made' })
  assert.throws(() => x.decrypt(stored), code('key_destroyed'))
  keyring.close()
})

test('export and recover', async () => {
  const provider = fw.LocalKeyProvider.generate()
  const keyring = await fw.Keyring.create(optionsOf({ providers: { primary: provider } }))
  const schema = schemaOf([fieldOf('text')])
  const stored = keyring.field(schema, 'x').encrypt('fine')
  const exported = await keyring.export()
  assert.equal(keyring.rootIdentity.length, 32)
  const recovered = await fw.Keyring.recover(optionsOf({ providers: { primary: provider } }), exported)
  assert.equal(recovered.field(schema, 'x').decrypt(stored), 'fine')
  assert.deepEqual(recovered.unknownKeyIds([stored]), [])
  recovered.close()
  keyring.close()
})

test('providers come and go', async () => {
  const keyring = await fw.Keyring.create(optionsOf())
  await keyring.addProvider('second', fw.LocalKeyProvider.generate())
  assert.deepEqual((await keyring.status()).providers.map(({ name }) => name), ['primary', 'second'])
  await keyring.replaceProvider('second', fw.LocalKeyProvider.generate())
  await keyring.removeProvider('primary')
  assert.deepEqual((await keyring.status()).providers.map(({ name }) => name), ['second'])
  assert.equal(await keyring.startEpoch(), 2)
  assert.equal(await keyring.addIndexKey(), 2)
  const replaced = await keyring.markRootCompromised('a laptop was lost')
  assert.equal(replaced.epoch, 3)
  keyring.close()
})

test('the audit log says who read, and verifies', async () => {
  const sink = new fw.MemorySink()
  const keyring = await fw.Keyring.create(optionsOf({ audit: [sink] }))
  const schema = fw.Schema.patient()
  const row = keyring.records(schema).encrypt({ patient_id: 'p-7', ssn: '999-41-1234' })
  keyring.readingAs('dr-who', 'treatment').records(schema).decrypt(row)
  const lines = sink.lines()
  assert(lines.at(-1).includes('dr-who'))
  assert(!lines.join().includes('999-41-1234'))
  const report = await keyring.verifyAudit(lines)
  assert.equal(report.isIntact, true)
  const edited = await keyring.verifyAudit(lines.map((line) => line.replace('dr-who', 'dr-no')))
  assert.equal(edited.isIntact, false)
  assert(edited.problemCount > 0)
  keyring.close()
})

test('metrics', async () => {
  const keyring = await fw.Keyring.create(optionsOf())
  const x = keyring.field(schemaOf([fieldOf('text')]), 'x')
  x.encrypt('fine')
  assert(keyring.prometheus().includes('fieldward'))
  assert.equal(typeof keyring.metrics(), 'object')
  assert(Object.keys(fw.backends()).includes(keyring.backend))
  keyring.close()
})

test('no key shows', async () => {
  const key = Buffer.alloc(32, 0xA7)
  const provider = new fw.LocalKeyProvider(key)
  const passphrase = new fw.PassphraseProvider('office', 'correct horse', { iterations: 100_000 })
  const keyring = await fw.Keyring.create(optionsOf({ providers: { primary: provider, second: passphrase } }))
  const schema = schemaOf([fieldOf('text')])
  const shown = [provider, passphrase, keyring, keyring.field(schema, 'x'), keyring.records(schema), schema, await keyring.status(), keyring.metrics(), fw]
    .flatMap((object) => [util.inspect(object, { showHidden: true, depth: 9, getters: true }), JSON.stringify(object), String(object)]).join('\n')
  for (const needle of [key.toString('hex'), key.toString('base64').slice(0, 40), key.toString('base64url').slice(0, 40), 'a7 a7 a7', '167, 167, 167', 'horse']) {
    assert(!shown.includes(needle), needle)
  }
  keyring.close()
})

test('ESM has what CommonJS has', async () => {
  const esm = await import('../index.mjs')
  assert.deepEqual(Object.keys(esm).sort(), [...Object.keys(fw), 'default'].sort())
  for (const name of Object.keys(fw)) assert.equal(esm[name], fw[name])
})
