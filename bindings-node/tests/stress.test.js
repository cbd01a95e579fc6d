'use strict'

// The garbage collector, many calls at once, and worker threads.

const assert = require('node:assert/strict')
const { test } = require('node:test')
const { Worker } = require('node:worker_threads')
const fw = require('..')
const { fieldOf, optionsOf, schemaOf } = require('./common.js')

assert(global.gc, 'missing: node --expose-gc')

test('handles, values and promises outlive collections', async () => {
  const schema = schemaOf([fieldOf('text'), { id: 'y', type: 'json', mode: 'randomized' }])
  for (let round = 0; round < 20; round++) {
    let keyring = await fw.Keyring.create(optionsOf())
    const [field, records] = [keyring.field(schema, 'x'), keyring.records(schema)]
    const rows = Array.from({ length: 200 }, (_, at) => records.encrypt({ id: `p-${at}`, x: `value ${at}`, y: { at } }))
    const sealing = field.encryptMany(rows.map((_, at) => `value ${at}`))
    const rotating = keyring.rotate({ activateImmediately: true })
    keyring = undefined
    global.gc()
    assert.equal(await rotating, 2)
    global.gc()
    const sealed = await sealing
    global.gc()
    sealed.forEach((stored, at) => assert.equal(field.decrypt(stored), `value ${at}`))
    rows.forEach((row, at) => assert.deepEqual(records.decrypt(row), { id: `p-${at}`, x: `value ${at}`, y: { at } }))
  }
  global.gc()
})

test('errors that are kept keep nothing else alive that breaks', async () => {
  const kept = []
  for (let at = 0; at < 500; at++) {
    const mine = new Error(`mine ${at}`)
    const primary = { kind: 'own', keyName: 'k', wrap: async () => { throw mine }, unwrap: async () => { throw mine } }
    kept.push([mine, await fw.Keyring.create(optionsOf({ providers: { primary } })).catch((error) => error)])
    if (at % 50 === 0) global.gc()
  }
  global.gc()
  for (const [mine, error] of kept) assert.equal(error.cause, mine)
})

test('many calls at once', async () => {
  const keyring = await fw.Keyring.create(optionsOf())
  const x = keyring.field(schemaOf([fieldOf('text')]), 'x')
  const values = Array.from({ length: 100 }, (_, at) => String(at))
  const all = await Promise.all(Array.from({ length: 100 }, async (_, call) => {
    const sealed = await x.encryptMany(values)
    if (call % 25 === 0) await keyring.refresh()
    return x.decryptMany(sealed)
  }))
  for (const opened of all) assert.deepEqual(opened, values)
  keyring.close()
})

const WORK = `
  const { parentPort, workerData } = require('node:worker_threads')
  const fw = require(workerData.entry)
  const options = { id: 'clinic', store: new fw.FileStore(workerData.keys), noPin: 'a test of workers',
    providers: { primary: { kind: 'own', keyName: 'k', wrap: async (secret) => secret, unwrap: async (wrapped) => wrapped } } }
  ;(async () => {
    const keyring = await fw.Keyring.open(options)
    const x = keyring.field(fw.Schema.fromJson(workerData.schema), 'x')
    for (let at = 0; at < 2_000; at++) if (x.decrypt(x.encrypt('v' + at)) !== 'v' + at) throw new Error('another value')
    try { x.encrypt(7) } catch (error) { if (!(error instanceof fw.FieldwardError)) throw error }
    parentPort.postMessage(x.decrypt(workerData.stored))
    // One ends with its keyring open.
    if (workerData.at > 0) keyring.close()
  })()
`

test('worker threads, each with its own keyring of one store', async () => {
  const [fs, os, path] = [require('node:fs'), require('node:os'), require('node:path')]
  const keys = fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-'))
  const primary = { kind: 'own', keyName: 'k', wrap: async (secret) => secret, unwrap: async (wrapped) => wrapped }
  const keyring = await fw.Keyring.create(optionsOf({ store: new fw.FileStore(keys), providers: { primary }, clock: undefined }))
  const declared = JSON.stringify({ format: 'fieldward-schema', version: 1, table: 'patients', record_id: [{ path: 'id', type: 'text' }], fields: [fieldOf('text')] })
  const stored = keyring.field(fw.Schema.fromJson(declared), 'x').encrypt('fine')
  const said = await Promise.all([0, 1, 2, 3].map((at) => new Promise((resolve, reject) => {
    const worker = new Worker(WORK, { eval: true, workerData: { at, keys, entry: require.resolve('..'), schema: declared, stored } })
    let message
    worker.on('message', (one) => { message = one })
    worker.on('error', reject)
    worker.on('exit', (code) => code === 0 ? resolve(message) : reject(new Error(`exit ${code}`)))
  })))
  assert.deepEqual(said, ['fine', 'fine', 'fine', 'fine'])
  keyring.close()
})

test('a process with a keyring open ends', () => {
  const { spawnSync } = require('node:child_process')
  const program = `const fw = require(${JSON.stringify(require.resolve('..'))})
    fw.Keyring.create({ id: 'c', store: new fw.MemoryStore(), noPin: 'a test', audit: [(line) => {}],
      providers: { primary: { kind: 'own', keyName: 'k', wrap: async (s) => s, unwrap: async (w) => w } } }).then(() => console.log('open'))`
  const done = spawnSync(process.execPath, ['-e', program], { encoding: 'utf8', timeout: 60_000 })
  assert.deepEqual([done.status, done.stdout.trim(), done.stderr], [0, 'open', ''])
})
