// Search encrypted fields: equality, and the last four characters, whose rows are confirmed.

import Fieldward

@Sendable func search() async throws {
    let config = KeyringConfig(
        id: "device-7", providers: ["primary": try .generated()], store: .memory(), noPin: "an example in memory")
    let keyring = try await config.create()
    let patients = try keyring.records(.patient())
    let people = ["123-45-6789", "999-41-1234", "999-42-6789"].enumerated().map { at, ssn in
        Patient(patient_id: "p-\(at)", ssn: ssn, ward: 3)
    }
    let table = try await patients.encryptMany(people)

    let query = try patients.query("ssn", "exact", "999 41 1234")
    // SELECT ... WHERE ssn_exact = token: found with or without dashes
    let token = query.tokens.first?.data

    let found = table.filter { $0[query.column]?.data == token }
    print("exact \(found.compactMap { $0["patient_id"]?.text }.joined(separator: " "))")

    let short = try patients.query("ssn", "last4", "6789")
    let candidates = table.filter { $0[short.column]?.data == short.tokens.first?.data }
    let confirmed = try candidates.filter { try patients.matches("ssn", "last4", "6789", $0) }
    print("last four \(confirmed.compactMap { $0["patient_id"]?.text }.joined(separator: " "))")
    keyring.close()
}
