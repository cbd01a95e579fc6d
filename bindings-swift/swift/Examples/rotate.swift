// Rotate the keys: what was encrypted before is read as ever, and moves to the new version at leisure.

import Fieldward

@Sendable func rotate() async throws {
    let config = KeyringConfig(
        id: "device-7", providers: ["primary": try .generated()], store: .memory(), noPin: "an example in memory")
    let keyring = try await config.create()
    let patients = try keyring.records(.patient())
    func patient(_ at: Int, _ ssn: String) throws -> [String: Node] {
        try patients.encrypt(Patient(patient_id: "p-\(at)", ssn: ssn, ward: 3))
    }
    var table = [try patient(0, "999-41-1234"), try patient(1, "999-41-5678")]
    let before = try keyring.status().currentVersion

    try await keyring.rotateImmediately()  // `rotate()` takes over after a day, when other processes know the key
    for (at, row) in table.enumerated() where try patients.needsRotation(row) {
        table[at] = try patients.reencrypt(row).record
    }

    print("version \(before), then \(try keyring.status().currentVersion)")
    print("to move \(try table.filter { try patients.needsRotation($0) }.count) of \(table.count)")
    print("read \(try patients.decrypt(Patient.self, from: table[1]).ssn ?? "nothing")")
    keyring.close()
}
