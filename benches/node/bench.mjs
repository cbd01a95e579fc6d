// Benches of the npm package beside its peers, in one run; writes target/bench/node.json.
//
// usage: bench.mjs [--quick]
//
// Each figure is the median of several turns, in nanoseconds a value, with its quartiles: a turn of each case, and again, so that all meet
// the same noise. `benches/README.md` says what the numbers mean.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'

// batches on one core, as their peers are
process.env.RAYON_NUM_THREADS ??= '1'
const { Keyring, LocalKeyProvider, MemoryStore, Schema } = createRequire(import.meta.url)('../../bindings-node')

const { dependencies } = JSON.parse(fs.readFileSync(new URL('package.json', import.meta.url), 'utf8'))
const OUTPUT = new URL('../../target/bench/node.json', import.meta.url)
const QUICK = process.argv.includes('--quick')
const [TURNS, TURN] = QUICK ? [5, 0.02] : [25, 0.1]
const VALUE = '999-41-1234'
const ROWS = 10_000

const schema = Schema.fromJson(JSON.stringify({
  format: 'fieldward-schema', version: 1, table: 'patients', record_id: [{ path: 'id', type: 'text' }],
  fields: [
    { id: 'ssn', type: 'text', mode: 'randomized', record_binding: 'none' },
    { id: 'note', type: 'text', mode: 'randomized', record_binding: 'none', stored: 'text' },
    { id: 'bound', type: 'text', mode: 'randomized' }]
}))
const keyring = await Keyring.create({
  id: 'bench', providers: { primary: LocalKeyProvider.generate() }, store: new MemoryStore(), noPin: 'a bench'
})
const [ssn, note, bound] = ['ssn', 'note', 'bound'].map((name) => keyring.field(schema, name))

// --- node:crypto, as its documentation has it: a fresh nonce, the context as associated data, nonce and tag kept beside
const key = randomBytes(32)
const context = Buffer.from('patients/ssn')
function seal (text) {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(context)
  return Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
}
function open (sealed) {
  const cipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12)).setAAD(context).setAuthTag(sealed.subarray(-16))
  return cipher.update(sealed.subarray(12, -16), undefined, 'utf8') + cipher.final('utf8')
}

const values = Array.from({ length: ROWS }, (_, row) => `${String(row).padStart(9, '0')}-x`)
const packed = { data: Buffer.from(values.join('')), offsets: Int32Array.from({ length: ROWS + 1 }, (_, row) => row * 11) }
const [theirs, ours, text] = [values.map(seal), values.map((value) => ssn.encrypt(value)), values.map((value) => note.encrypt(value))]
const columns = await ssn.encryptColumn(packed)
const one = { theirs: seal(VALUE), ours: ssn.encrypt(VALUE), text: note.encrypt(VALUE), bound: bound.encrypt(VALUE, 'p-7') }

/** Cases by group: what a ratio compares is in one group. */
const groups = [
  {
    'encrypt: node:crypto': () => seal(VALUE),
    'encrypt: fieldward': () => ssn.encrypt(VALUE),
    'encrypt: fieldward, as text': () => note.encrypt(VALUE),
    'encrypt: fieldward, bound to a record': () => bound.encrypt(VALUE, 'p-7')
  },
  {
    'decrypt: node:crypto': () => open(one.theirs),
    'decrypt: fieldward': () => ssn.decrypt(one.ours),
    'decrypt: fieldward, as text': () => note.decrypt(one.text),
    'decrypt: fieldward, bound to a record': () => bound.decrypt(one.bound, 'p-7')
  },
  {
    'encrypt 10,000: a loop over node:crypto': [() => values.map(seal), ROWS],
    'encrypt 10,000: fieldward, an array': [() => ssn.encryptMany(values), ROWS],
    'encrypt 10,000: fieldward, an array, as text': [() => note.encryptMany(values), ROWS],
    'encrypt 10,000: fieldward, packed': [() => ssn.encryptColumn(packed), ROWS]
  },
  {
    'decrypt 10,000: a loop over node:crypto': [() => theirs.map(open), ROWS],
    'decrypt 10,000: fieldward, an array': [() => ssn.decryptMany(ours), ROWS],
    'decrypt 10,000: fieldward, an array, as text': [() => note.decryptMany(text), ROWS],
    'decrypt 10,000: fieldward, packed': [() => ssn.decryptColumn(columns), ROWS]
  }
]

/** Whole libraries of the same kind; one that does not load is named, and left out. */
async function peers () {
  const cases = {}
  const peer = async (name, load) => {
    try {
      Object.assign(cases, await load())
    } catch (error) {
      console.log(`missing: ${name} (${error.code ?? error.name})`)
    }
  }
  await peer('@47ng/cloak', async () => {
    const cloak = await import('@47ng/cloak')
    const key = await cloak.parseKey(cloak.generateKey())
    const sealed = await cloak.encryptString(VALUE, key)
    return {
      'encrypt: @47ng/cloak': () => cloak.encryptString(VALUE, key),
      'decrypt: @47ng/cloak': () => cloak.decryptString(sealed, key)
    }
  })
  await peer('AWS Encryption SDK', async () => {
    const { CommitmentPolicy, RawAesKeyringNode, RawAesWrappingSuiteIdentifier, buildClient } = (await import('@aws-crypto/client-node')).default
    const { decrypt, encrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
    const keyring = new RawAesKeyringNode({
      keyName: 'bench', keyNamespace: 'bench', unencryptedMasterKey: new Uint8Array(randomBytes(32)),
      wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING
    })
    const { result } = await encrypt(keyring, VALUE)
    return { 'encrypt: AWS Encryption SDK': () => encrypt(keyring, VALUE), 'decrypt: AWS Encryption SDK': () => decrypt(keyring, result) }
  })
  return cases
}
groups.push(await peers())

const now = () => Number(process.hrtime.bigint())

/** One turn: the time of so many calls, each awaited if it is a promise. */
async function turn (call, calls) {
  const started = now()
  if (call() instanceof Promise) {
    for (let at = 0; at < calls; at++) await call()
  } else {
    for (let at = 0; at < calls; at++) call()
  }
  return (now() - started) / (calls + 1)
}

function quartiles (results) {
  const sorted = [...results].sort((a, b) => a - b)
  const at = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]
  return { median: at(0.5), low: at(0.25), high: at(0.75) }
}

const results = {}
for (const group of groups) {
  const cases = Object.entries(group).map(([name, given]) => {
    const [call, values] = [given].flat()
    return { name, call, values: values ?? 1 }
  })
  for (const one of cases) {
    await turn(one.call, 3)
    one.calls = Math.max(1, Math.round(TURN * 1e9 / await turn(one.call, 20)))
    results[one.name] = []
  }
  for (let at = 0; at < TURNS; at++) {
    for (const { name, call, calls, values } of cases) results[name].push(await turn(call, calls) / values)
  }
}

/** Our time divided by the peer's, turn by turn. */
const ratio = (ours, theirs) => ({ time_ratio: quartiles(results[ours].map((time, at) => time / results[theirs][at])) })
/** Of several, the one that gains least. */
const slowest = (ratios) => ratios.reduce((one, other) => other.time_ratio.median > one.time_ratio.median ? other : one)
const each = (names, theirs) => slowest(['encrypt', 'decrypt'].flatMap((way) => names.map((name) => ratio(`${way}${name}`, `${way}${theirs}`))))

const rows = {
  node_value: each([': fieldward'], ': node:crypto'),
  node_batch: each([' 10,000: fieldward, an array', ' 10,000: fieldward, packed'], ' 10,000: a loop over node:crypto')
}
const figures = Object.fromEntries(Object.entries(results).map(([name, times]) => [name, { ...quartiles(times), unit: 'ns a value' }]))
fs.mkdirSync(new URL('.', OUTPUT), { recursive: true })
fs.writeFileSync(OUTPUT, JSON.stringify({ bench: 'node', versions: { node: process.version, ...dependencies }, figures, rows }, null, 2) + '\n')
for (const [name, { median, low, high }] of Object.entries(figures)) {
  console.log(`${name.padEnd(48)} ${median.toFixed(0).padStart(12)} ns  ${low.toFixed(0)} to ${high.toFixed(0)}`)
}
for (const [name, { time_ratio: { median } }] of Object.entries(rows)) console.log(`${name.padEnd(48)} ${(1 / median).toFixed(2).padStart(12)} times as fast`)
keyring.close()
