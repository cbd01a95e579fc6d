// Search: what a query asks for is compared with an index column, in the database as here.

import { Keyring, LocalKeyProvider, MemoryStore, Schema } from 'fieldward'

const keyring = await Keyring.create({
  id: 'clinic', providers: { primary: LocalKeyProvider.generate() }, store: new MemoryStore(), noPin: 'an example in memory'
})
const patients = keyring.records(Schema.patient())
const table = ['999-41-1234', '999-41-5678', '123-45-1234'].map((ssn, at) => patients.encrypt({ patient_id: `p-${at}`, ssn }))

/** SELECT ... WHERE column IN (tokens) */
const select = ({ column, tokens }) => table.filter((row) => tokens.some((token) => token.equals(row[column])))

// found however it is written
console.log('exact', select(patients.query('ssn', 'exact', '999 41 5678')).map((row) => row.patient_id).join(' '))

// an index of few bits gives candidates, which are confirmed
const candidates = select(patients.query('ssn', 'last4', '1234'))
console.log('last four', candidates.filter((row) => patients.matches('ssn', 'last4', '1234', row)).map((row) => row.patient_id).join(' '))

keyring.close()
