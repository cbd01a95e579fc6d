'use strict'

// Providers, stores and sinks written in JavaScript.

const assert = require('node:assert/strict')
const { createCipheriv, createDecipheriv, randomBytes } = require('node:crypto')
const fs = require('node:fs')
const { setTimeout: sleep } = require('node:timers/promises')
const { test } = require('node:test')
const fw = require('..')
const { START, fieldOf, optionsOf, schemaOf } = require('./common.js')

const code = (expected) => (error) => error instanceof fw.FieldwardError && error.code === expected

class OwnProvider {
  kind = 'own'
  keyName = 'key-1'
  calls = []
  #key = randomBytes(32)

  async wrap (secret, context) {
    this.calls.push(['wrap', context])
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(context.data)
    return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()])
  }

  unwrap (wrapped, context) {
    this.calls.push(['unwrap', context])
    const cipher = createDecipheriv('aes-256-gcm', this.#key, wrapped.subarray(0, 12)).setAAD(context.data).setAuthTag(wrapped.subarray(-16))
    try {
      return new Uint8Array(Buffer.concat([cipher.update(wrapped.subarray(12, -16)), cipher.final()]))
    } catch {
      throw new fw.FieldwardError('provider_wrong_key')
    }
  }
}

class OwnStore {
  documents = new Map()
  saved = []

  async load (keyringId) {
    if (this.document !== undefined) return this.document()
    await sleep(1)
    return this.documents.get(keyringId) ?? null
  }

  save (keyringId, expected, document, tag) {
    if (this.answer !== undefined) return this.answer()
    const there = this.documents.get(keyringId)
    const held = there === undefined ? null : fw.documentTag(there)
    if (held?.generation !== expected?.generation || (held !== null && !held.mac.equals(expected.mac))) return false
    assert.deepEqual(fw.documentTag(document), tag)
    this.documents.set(keyringId, document)
    this.saved.push(tag.generation)
    return true
  }
}

test('an own provider, async or not, is asked with the context', async () => {
  const [provider, store] = [new OwnProvider(), new fw.MemoryStore()]
  const options = () => optionsOf({ store, providers: { primary: provider } })
  const made = await fw.Keyring.create(options())
  const schema = schemaOf([fieldOf('text')])
  const stored = made.field(schema, 'x').encrypt('fine')
  const again = await fw.Keyring.open(options())
  assert.equal(again.field(schema, 'x').decrypt(stored), 'fine')
  const [method, context] = provider.calls.at(-1)
  assert.equal(method, 'unwrap')
  assert.equal(context.keyringId, 'clinic')
  assert.equal(context.epoch, 1)
  assert.equal(context.purpose, 'root')
  assert(Object.values(context.pairs).includes('clinic'))
  await made.startEpoch()
  assert.equal(provider.calls.at(-1)[1].epoch, 2)
  made.close()
  again.close()
  await assert.rejects(fw.Keyring.open({ ...options(), providers: { primary: new OwnProvider() } }), code('provider_wrong_key'))
})

test('what a provider throws is the cause: the same error, with its code', async () => {
  const provider = new OwnProvider()
  const options = (broken) => optionsOf({ providers: { primary: Object.assign(Object.create(provider), { kind: 'own', keyName: 'key-1', ...broken }) } })
  const mine = Object.assign(new RangeError('mine'), { code: 'E_MINE' })
  for (const wrap of [async () => { throw mine }, () => { throw mine }]) {
    await assert.rejects(fw.Keyring.create(options({ wrap })), (error) => code('provider_unavailable')(error) && error.cause === mine && error.isRetryable)
  }
  const denied = new fw.FieldwardError('provider_denied')
  await assert.rejects(fw.Keyring.create(options({ wrap: async () => { throw denied } })), (error) => code('provider_denied')(error) && error.kind === 'provider')
  for (const reply of [null, 'text', 7, {}, [1, 2], undefined]) {
    await assert.rejects(fw.Keyring.create(options({ wrap: async () => reply })), code('provider_bad_reply'))
    await assert.rejects(fw.Keyring.create(options({ wrap: () => reply })), code('provider_bad_reply'))
  }
  // eslint-disable-next-line prefer-promise-reject-errors
  await assert.rejects(fw.Keyring.create(options({ wrap: () => Promise.reject() })), code('provider_unavailable'))
  for (const primary of [{}, null, { kind: 'own', keyName: 'key-1' }, { kind: 7, keyName: 'k', wrap () {}, unwrap () {} }]) {
    assert.throws(() => fw.Keyring.create(optionsOf({ providers: { primary } })), code('invalid_argument'))
  }
})

test('two hundred keyrings whose provider takes its time', async () => {
  const provider = new OwnProvider()
  const slow = { kind: 'own', keyName: 'key-1', wrap: provider.wrap.bind(provider), unwrap: async (...all) => { await sleep(10); return provider.unwrap(...all) } }
  const store = new fw.MemoryStore()
  const options = () => optionsOf({ store, providers: { primary: slow } })
  const made = await fw.Keyring.create(options())
  const opened = await Promise.all(Array.from({ length: 200 }, () => fw.Keyring.open(options())))
  for (const keyring of [made, ...opened]) keyring.close()
})

test('an own store: load, save, conflicts, and what another process saved', async () => {
  const [provider, store] = [fw.LocalKeyProvider.generate(), new OwnStore()]
  const options = () => optionsOf({ store, providers: { primary: provider } })
  const one = await fw.Keyring.create(options())
  await assert.rejects(fw.Keyring.create(options()), code('keyring_exists'))
  const two = await fw.Keyring.open(options())
  await one.rotate({ activateImmediately: true })
  assert.equal(await two.refresh(), true)
  assert.equal((await two.status()).versions.length, 2)
  assert.deepEqual(store.saved, [1, 2])
  store.answer = async () => false
  await assert.rejects(one.rotate({ activateImmediately: true }), code('store_conflict'))
  store.answer = async () => 'yes'
  await assert.rejects(one.rotate({ activateImmediately: true }), code('store_unavailable'))
  store.document = async () => { throw new fw.FieldwardError('store_denied') }
  await assert.rejects(one.refresh(), code('store_denied'))
  store.document = async () => 'text'
  await assert.rejects(one.refresh(), code('store_corrupt'))
  one.close()
  two.close()
})

test('a sync call never waits for JavaScript: what is too old says so, and is read meanwhile', async () => {
  const [clock, sink] = [new fw.ManualClock(START), new fw.MemorySink()]
  const keyring = await fw.Keyring.create(optionsOf({ clock, store: new OwnStore(), audit: [sink] }))
  const x = keyring.field(schemaOf([fieldOf('text')]), 'x')
  clock.advance(86_400)
  const before = process.hrtime.bigint()
  assert.throws(() => x.encrypt('fine'), (error) => code('keyring_stale')(error) && error.isRetryable)
  assert(process.hrtime.bigint() - before < 2_000_000_000n, 'it did not wait for the limit of 5 s')
  for (let tries = 0; ; tries++) {
    await sleep(10)
    try {
      assert.equal(x.decrypt(x.encrypt('fine')), 'fine')
      break
    } catch (error) {
      if (tries > 500) throw error
    }
  }
  assert(sink.lines().some((line) => line.includes('keyring_stale')), 'the audit log is written on the thread itself')
  keyring.close()
})

test('a sink is a function that takes lines, in order', async () => {
  const lines = []
  const throws = () => { throw new Error('not seen') }
  const memory = new fw.MemorySink()
  const keyring = await fw.Keyring.create(optionsOf({ audit: [(line) => lines.push(line), throws, memory] }))
  await keyring.rotate({ activateImmediately: true })
  await sleep(20)
  assert.deepEqual(lines, memory.lines())
  assert.equal((await keyring.verifyAudit(lines)).isIntact, true)
  keyring.close()
})

test('what destroys a version may keep the new export', async () => {
  const keyring = await fw.Keyring.create(optionsOf())
  const stored = keyring.field(schemaOf([fieldOf('text')]), 'x').encrypt('fine')
  await keyring.rotate({ activateImmediately: true })
  await keyring.markCompromised(1, 'leaked')
  let kept
  const request = { version: 1, keyId: fw.inspect(stored).keyId, reason: 'retention is over' }
  await keyring.destroy(request, async (document) => { kept = document })
  assert.deepEqual(fw.documentTag(kept), fw.documentTag(await keyring.export()))
  keyring.close()
})

test('AWS KMS, by the client of AWS', async (t) => {
  const { CreateKeyCommand, KMSClient } = require('@aws-sdk/client-kms')
  const { kmsProvider } = await import('../examples/kms.mjs')
  const { endpoint, stop } = await moto()
  t.after(stop)
  const client = new KMSClient({ endpoint, region: 'eu-central-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' }, maxAttempts: 1 })
  t.after(() => client.destroy())
  const { KeyMetadata: { Arn } } = await client.send(new CreateKeyCommand({}))
  const store = new fw.MemoryStore()
  const options = () => optionsOf({ store, providers: { primary: kmsProvider(client, Arn) } })
  const made = await fw.Keyring.create(options())
  const schema = schemaOf([fieldOf('text')])
  const stored = made.field(schema, 'x').encrypt('fine')
  made.close()
  const again = await fw.Keyring.open(options())
  assert.equal(again.field(schema, 'x').decrypt(stored), 'fine')
  again.close()
  const { wrap, unwrap } = kmsProvider(client, Arn)
  const wrapped = await wrap(Buffer.alloc(32, 7), { pairs: { keyring: 'clinic' } })
  await assert.rejects(unwrap(wrapped, { pairs: { keyring: 'other' } }), { name: 'InvalidCiphertextException' })
  const missing = kmsProvider(client, '00000000-0000-4000-8000-000000000000')
  await assert.rejects(fw.Keyring.create(optionsOf({ providers: { primary: missing } })),
    (error) => code('provider_unavailable')(error) && error.cause.name === 'NotFoundException')
})

/** An emulator of AWS KMS that refuses a wrong encryption context, on a port of its own. */
async function moto () {
  const program = process.env.FIELDWARD_MOTO
  assert(program && fs.existsSync(program), 'missing: moto_server (bindings-node/test.sh sets it up)')
  const { createServer } = require('node:net')
  const { spawn } = require('node:child_process')
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => { const { port } = server.address(); server.close(() => resolve(port)) })
  })
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  const endpoint = `http://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    try {
      await fetch(`${endpoint}/moto-api/`)
      break
    } catch (error) {
      if (tries > 600) throw error
      await sleep(100)
    }
  }
  return { endpoint, stop: () => child.kill() }
}
