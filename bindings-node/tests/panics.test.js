'use strict'

// A panic in the native module is an error of the code `internal`: in every call from JavaScript, on the worker pool, in what JavaScript
// answers, and in what the collector frees. The process goes on, and so do the handles.

const assert = require('node:assert/strict')
const { spawnSync } = require('node:child_process')
const fs = require('node:fs')
const os = require('node:os')
const path = require('node:path')
const { test, before, after } = require('node:test')
const { inspect } = require('node:util')
const fw = require('./testing.js')
const { optionsOf, schemaOf } = require('./common.js')

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fieldward-'))
const file = (name) => path.join(folder, name)
const schema = schemaOf([
  { id: 'x', type: 'text', mode: 'randomized', indexes: [{ name: 'exact', transform: 'exact' }] },
  { id: 'd', type: 'text', mode: 'deterministic' }
])
const packed = { data: Buffer.from('ab'), offsets: Int32Array.of(0, 1, 2) }
const row = { id: 'p', x: 'a' }

/** An object of each class, and what its calls need. */
const made = {}
before(async () => {
  const keyring = await fw.Keyring.create(optionsOf())
  const field = keyring.field(schema, 'x')
  const records = keyring.records(schema)
  Object.assign(made, {
    Field: field, FilePin: new fw.FilePin(folder), FileStore: new fw.FileStore(folder), JsonLinesSink: new fw.JsonLinesSink(file('log')),
    Keyring: keyring, LocalKeyDirectory: new fw.LocalKeyDirectory(folder, 'x'), LocalKeyProvider: fw.LocalKeyProvider.generate(),
    ManualClock: new fw.ManualClock(0), MemoryPin: new fw.MemoryPin(), MemorySink: new fw.MemorySink(), MemoryStore: new fw.MemoryStore(),
    PassphraseProvider: new fw.PassphraseProvider('p', 'long enough'), Records: records, Schema: schema,
    deterministic: keyring.field(schema, 'd'), stored: field.encrypt('a', 'p'), row: records.encrypt(row), document: await keyring.export()
  })
  fs.writeFileSync(file('key'), 'fwk1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', { mode: 0o600 })
})
after(() => made.Keyring.close())

/** What each call is given; those that are not here are given nothing. A name that no call has is refused below. */
const GIVEN = {
  'Field.decrypt': () => [made.stored, 'p'],
  'Field.decryptColumn': () => [packed, packed],
  'Field.decryptMany': () => [[made.stored], ['p']],
  'Field.encrypt': () => ['a', 'p'],
  'Field.encryptColumn': () => [packed, packed],
  'Field.encryptMany': () => [['a'], ['p']],
  'Field.indexValues': () => ['a'],
  'Field.matches': () => ['exact', 'a', made.stored, 'p'],
  'Field.needsRotation': () => [made.stored],
  'Field.open': () => [made.stored, 'p'],
  'Field.openMany': () => [[made.stored], ['p']],
  'Field.query': () => ['exact', 'a'],
  'Field.reencrypt': () => [made.stored, 'p'],
  'Field.tokens': () => ['a'],
  'Keyring.addProvider': () => ['second', fw.LocalKeyProvider.generate()],
  'Keyring.allow': () => ['compromised', 'a test'],
  'Keyring.destroy': () => [{ reason: 'a test', indexKey: 9, waiveExports: 'a test' }, () => {}],
  'Keyring.field': () => [schema, 'x'],
  'Keyring.markCompromised': () => [9, 'a test'],
  'Keyring.markRootCompromised': () => ['a test'],
  'Keyring.readingAs': () => ['somebody', 'a test'],
  'Keyring.records': () => [schema],
  'Keyring.removeProvider': () => ['second'],
  'Keyring.replaceProvider': () => ['primary', fw.LocalKeyProvider.generate()],
  'Keyring.resume': () => [9, 'a test'],
  'Keyring.suspend': () => [9, 'a test'],
  'Keyring.unknownKeyIds': () => [[made.stored]],
  'Keyring.verifyAudit': () => [[]],
  'ManualClock.advance': () => [1],
  'Records.checkNames': () => [['x']],
  'Records.decrypt': () => [made.row],
  'Records.encrypt': () => [row],
  'Records.isIndexColumn': () => ['x'],
  'Records.matches': () => ['x', 'exact', 'a', made.row],
  'Records.needsRotation': () => [made.row],
  'Records.open': () => [made.row],
  'Records.query': () => ['x', 'exact', 'a'],
  'Records.reencrypt': () => [made.row],
  'Schema.field': () => ['x'],
  documentTag: () => [made.document],
  inspect: () => [made.stored],
  'new FilePin': () => [folder],
  'new FileStore': () => [folder],
  'new JsonLinesSink': () => [file('log')],
  'new LocalKeyDirectory': () => [folder, 'x'],
  'new LocalKeyProvider': () => [Buffer.alloc(32)],
  'new ManualClock': () => [0],
  'new PassphraseProvider': () => ['p', 'long enough'],
  'static Keyring.create': () => [optionsOf()],
  'static Keyring.open': () => [optionsOf()],
  'static Keyring.recover': () => [optionsOf(), made.document],
  'static LocalKeyProvider.createFile': () => [file('other')],
  'static LocalKeyProvider.fromEnv': () => ['PATH'],
  'static LocalKeyProvider.fromFile': () => [file('key')],
  'static LocalKeyProvider.fromText': () => ['fwk1.'],
  'static PassphraseProvider.fromEnv': () => ['p', 'PATH'],
  'static Schema.fromJson': () => ['{}'],
  'static Schema.fromToml': () => ['']
}

// Classes without a constructor of their own: `new` is napi's refusal.
const MADE_BY_OTHERS = ['Field', 'Keyring', 'Records', 'Schema']

/** Everything that can be called: functions, constructors, static and other methods, getters. What is given is made before. */
function * calls () {
  const given = (name) => GIVEN[name]?.() ?? []
  for (const [name, entry] of Object.entries(fw)) {
    if (name === 'FieldwardError' || name.startsWith('testing')) continue
    if (/^[a-z]/.test(name)) {
      yield [name, given, entry]
      continue
    }
    if (!MADE_BY_OTHERS.includes(name)) yield [`new ${name}`, given, (...given) => Reflect.construct(entry, given)]
    for (const method of Object.getOwnPropertyNames(entry).filter((member) => typeof entry[member] === 'function')) {
      yield [`static ${name}.${method}`, given, (...given) => entry[method](...given)]
    }
    for (const [member, { get, value }] of Object.entries(Object.getOwnPropertyDescriptors(entry.prototype))) {
      if (member === 'constructor') continue
      const own = () => member === 'tokens' ? made.deterministic : made[name]
      if (get) yield [`get ${name}.${member}`, given, () => own()[member]]
      else yield [`${name}.${member}`, given, (...given) => value.apply(own(), given)]
    }
  }
}

function isInternal (error) {
  assert(error instanceof fw.FieldwardError, inspect(error))
  assert.deepEqual([error.code, error.kind, error.isRetryable], ['internal', 'system', false])
  // which provider it was that did not answer, and nothing else
  assert.match(error.message, /^an invariant of the library does not hold; please report it( \(provider own\))?$/)
  for (const said of [inspect(error, { showHidden: true, depth: 9 }), error.stack, JSON.stringify(error)]) assert.doesNotMatch(said, /nobody may see/)
}

// What a call gave is kept, so that the collector frees nothing meanwhile.
const kept = []

/** Panics in the first guarded part of a call, then in the second, ...: how many there were, and what the call gave in the end. */
async function panicked (call, given = () => []) {
  let isPromise = false
  for (let at = 1; ; at++) {
    const ready = given()
    assert.equal(fw.testingPanicIn(at), 0)
    const begun = () => {
      const result = call(...ready)
      isPromise ||= result instanceof Promise
      return result
    }
    const outcome = await Promise.resolve().then(begun).then((value) => ({ value }), (error) => ({ error }))
    kept.push(outcome)
    if (fw.testingPanicIn(0) !== 0) return { panics: at - 1, isPromise, ...outcome }
    isInternal(outcome.error)
  }
}

test('every call of the package', async (t) => {
  const unused = new Set(Object.keys(GIVEN))
  let count = 0
  for (const [name, given, call] of calls()) {
    unused.delete(name)
    count++
    if (name === 'Keyring.close') continue
    await t.test(name, async () => {
      const { panics, isPromise } = await panicked(call, () => given(name))
      // a promise: the call, its part on the pool, and what comes of it
      assert(panics >= (isPromise ? 3 : 1), String(panics))
    })
  }
  assert.deepEqual([...unused], [])
  assert.equal(count, 86)
})

test('after all that, the handles work', () => {
  assert.equal(made.Field.decrypt(made.Field.encrypt('a', 'p'), 'p'), 'a')
  assert.deepEqual(made.Records.decrypt(made.Records.encrypt(row)), row)
})

test('closing', async () => {
  const keyring = await fw.Keyring.create(optionsOf())
  assert.equal((await panicked(() => keyring.close())).panics, 1)
  assert.throws(() => keyring.id, { code: 'closed' })
})

test('what JavaScript answers, at once and with promises', async () => {
  const memory = new Map()
  const answers = {
    providers: {
      own: { kind: 'own', keyName: 'k', wrap: (secret) => Buffer.from(secret), unwrap: async (wrapped) => Buffer.from(wrapped) }
    },
    store: {
      load: async (id) => memory.get(id) ?? null,
      save: (id, expected, document) => { memory.set(id, Buffer.from(document)); return true }
    }
  }
  const create = await panicked(fw.Keyring.create, () => { memory.clear(); return [optionsOf(answers)] })
  // the call, the work, two loads or more with their promises, a wrap, an unwrap and a save, and the promise
  assert(create.panics >= 8, String(create.panics))
  const keyring = create.value
  assert.equal(keyring.id, 'clinic')
  // handled before the module looks at it
  const away = Promise.reject(new Error('away'))
  away.catch(() => {})
  const refuses = { ...answers, providers: { own: { ...answers.providers.own, unwrap: () => away } } }
  const open = await panicked(fw.Keyring.open, () => [optionsOf(refuses)])
  assert.equal(open.error.code, 'provider_unavailable')
  keyring.close()
})

const inChild = (source, ...flags) => {
  const done = spawnSync(process.execPath, [...flags, '-e', `const fw = require(${JSON.stringify(path.join(__dirname, 'testing.js'))})\n${source}`], { encoding: 'utf8' })
  assert.deepEqual([done.status, done.signal], [0, null], done.stderr)
  return done
}
const WHERE = /^fieldward: an internal error at \S+testing\.rs:\d+:\d+$/

test('the process says where, and not what', () => {
  const { stderr } = inChild('fw.testingPanicIn(1); try { fw.backends() } catch (error) { process.exitCode = error.code === "internal" ? 0 : 1 }')
  assert.match(stderr.trim(), WHERE)
})

test('what the collector frees, and what is left at the end', () => {
  const { stdout, stderr } = inChild(`
    let bombs = [fw.testingBomb()]
    const last = fw.testingBomb()
    bombs = undefined
    setTimeout(() => { gc(); setTimeout(() => console.log('alive', typeof last), 10) }, 10)
  `, '--expose-gc')
  assert.equal(stdout, 'alive object\n')
  const lines = stderr.trim().split('\n')
  assert(lines.length >= 1)
  for (const line of lines) assert.match(line, WHERE)
})

test('in a worker, whose thread and whose others go on', () => {
  const { stdout, stderr } = inChild(`
    const { Worker } = require('node:worker_threads')
    const worker = new Worker(\`
      const { parentPort } = require('node:worker_threads')
      const fw = require(${JSON.stringify(path.join(__dirname, 'testing.js'))})
      fw.testingPanicIn(1)
      try { fw.Schema.patient() } catch (error) { parentPort.postMessage([error instanceof fw.FieldwardError, error.code, fw.Schema.patient().table]) }
    \`, { eval: true })
    worker.on('message', (message) => console.log(JSON.stringify(message)))
    worker.on('exit', (code) => console.log(code, fw.Schema.patient().table))
  `)
  assert.equal(stdout, '[true,"internal","patients"]\n0 patients\n')
  assert.match(stderr.trim(), WHERE)
})
